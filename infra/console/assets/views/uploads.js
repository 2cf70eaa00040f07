// The upload area: file selection, the verdict on each file before it is sent, and the progress of each upload.
//
// The browser inspects a file first. One that would be refused is not sent unless its owner insists. Uploads continue while other
// views are shown, so this module holds them, and not the view.

import * as api from '../api.js';
import { announce, fill, h, icon, setText } from '../dom.js';
import { errorText, failureText, sentence } from '../error-messages.js';
import { bytes, duration } from '../format.js';
import { align, inspect } from '../inspector.js';
import { Upload, forget, isSameFile, unfinishedUploads } from '../multipart-upload.js';
import { poll } from '../polling.js';
import { optionsLabel } from '../remedies.js';
import { badge, confirm, notice, progressBar, runAction } from './components.js';
import { inspectionElements, ladderCard } from './inspection.js';

/**
 * An upload of this page: its verdict from the browser, that of the platform, and the options to package it with.
 *
 * @typedef {Upload & { inspection?: import('../inspector.js').Inspection | null, verdict?: Api.Content, remedy?: object, isFollowed?: boolean }} PageUpload
 */

/** All uploads of this page, newest first. @type {PageUpload[]} */
const uploads = [];
/** The comparisons of files that were chosen together, newest first. @type {{ files: File[], ladder: import('../inspector.js').Ladder }[]} */
const ladders = [];

addEventListener('beforeunload', (event) => {
  if (uploads.some(({ state }) => state === 'sending' || state === 'completing')) event.preventDefault();
});

/** Whether this page has uploaded a content on which the platform has given no verdict yet. */
export function isBeingIngested(contentId) {
  return uploads.some(({ content, verdict }) => content === contentId && !verdict);
}

/** The upload area, with one card per upload. */
export function uploadArea(handleUnauthorized) {
  const cards = h('ul', { class: 'uploads', 'aria-label': 'Uploads' });
  const picker = h('input', { type: 'file', class: 'unseen', id: 'picker', multiple: true, accept: 'video/*,audio/mp4,.mp4,.m4v,.m4a,.mov,.mkv,.mka,.webm,.vtt,.srt,.ttml,.dfxp,.scc' });
  const area = h('section', { class: 'drop', 'aria-labelledby': 'drop-title' },
    h('div', { class: 'drop-icon' }, icon('upload')),
    h('h2', { id: 'drop-title' }, 'Drop video files here'),
    h('p', { class: 'soft' }, 'MP4, MOV, Matroska or WebM of any size, or subtitles (WebVTT, SRT, TTML, SCC).'),
    picker,
    h('label', { for: 'picker', class: 'button first' }, 'Choose files'));
  let dragDepth = 0;

  picker.addEventListener('change', () => {
    add([...picker.files]);
    picker.value = '';
  });
  const listeners = new AbortController();
  const on = (name, listener) => addEventListener(name, listener, { signal: listeners.signal });
  // The whole page accepts dropped files. Otherwise the browser would open a file that is dropped outside the area.
  on('dragenter', (event) => setDragDepth(event, dragDepth + 1));
  on('dragleave', (event) => setDragDepth(event, dragDepth - 1));
  on('dragover', (event) => event.preventDefault());
  on('drop', (event) => {
    setDragDepth(event, 0);
    add([...event.dataTransfer.files]);
  });

  function setDragDepth(event, depth) {
    event.preventDefault();
    dragDepth = depth;
    area.classList.toggle('drag-over', depth > 0);
  }

  /** @param {File[]} files */
  async function add(files) {
    const movies = (await Promise.all(files.map(addFile))).filter((file) => file !== null);
    if (movies.length < 2) return;
    const ladder = await align(movies);
    if (!ladder) return;
    ladders.unshift({ files: movies, ladder });
    render();
  }

  /** Adds a file. Resolves to it if it is a video. @param {File} file */
  async function addFile(file) {
    const record = unfinishedUploads().find((stored) => isSameFile(stored, file) && !uploads.some((upload) => upload.id === stored.id));
    if (record) {
      start(file, record);
      return null;
    }
    /** @type {PageUpload} */
    const upload = new Upload(file);
    uploads.unshift(upload);
    render();
    upload.inspection = await inspect(file);
    if (upload.inspection?.status === 'Refused') {
      upload.refuse();
      announce(`${file.name}: not sent. ${failureText(upload.inspection.code).title}.`);
    } else if (upload.state === 'new') {
      announce(`Uploading ${file.name}.`);
      upload.start();
    }
    return upload.inspection?.tracks?.some(({ type }) => type === 'video') ? file : null;
  }

  function start(file, record) {
    const upload = new Upload(file, record);
    uploads.unshift(upload);
    render();
    announce(`Uploading ${file.name}.`);
    upload.start();
  }

  function render() {
    const unfinished = unfinishedUploads().filter((record) => !uploads.some((upload) => upload.id === record.id));
    fill(cards,
      ladders.map((entry) => ladderCard(entry.files, entry.ladder, () => {
        ladders.splice(ladders.indexOf(entry), 1);
        render();
      })),
      uploads.filter(({ state }) => state !== 'aborted').map((upload) => uploadCard(upload, render, handleUnauthorized)),
      unfinished.map((record) => unfinishedCard(record, start, render, handleUnauthorized)));
    cards.hidden = cards.childElementCount === 0;
  }

  render();
  return { element: h('div', { class: 'stack' }, area, cards), leave: () => listeners.abort() };
}

/** Waits for the platform's verdict on an upload, and packages it with the options that its owner selected. @param {PageUpload} upload */
function followVerdict(upload) {
  if (upload.isFollowed) return;
  upload.isFollowed = true;
  poll(async (signal) => {
    let verdict;
    try {
      verdict = await api.getContent(/** @type {string} */ (upload.content), signal);
    } catch (error) {
      if (error.status === 404) return false;
      throw error;
    }
    if (upload.remedy && verdict.status === 'Refused') {
      await api.createPackage({ input_content_id: verdict.input_content_id, ...upload.remedy });
    }
    upload.verdict = verdict;
    upload.dispatchEvent(new Event('change'));
    return true;
  });
}

/** What the badge of an upload says, by its state, or by the verdict on it. @param {PageUpload} upload @returns {[string, string]} */
function badgeOf({ state, verdict, remedy }) {
  if (verdict) {
    if (verdict.status === 'Ingested') return [verdict.media === 'subtitles' ? 'Subtitles' : 'Accepted', 'good'];
    return remedy ? ['Packaged', 'good'] : [verdict.status, 'bad'];
  }
  return /** @type {[string, string]} */ ({
    new: ['Checking', 'busy'], refused: ['Not sent', 'bad'], starting: ['Starting', 'busy'], sending: ['Uploading', 'busy'], paused: ['Paused', ''],
    completing: ['Completing', 'busy'], failed: ['Upload failed', 'bad'], done: ['Uploaded', 'busy'], aborted: ['Aborted', ''],
  }[state]);
}

/** The card of an upload of this page. @param {PageUpload} upload */
function uploadCard(upload, render, handleUnauthorized) {
  const progress = progressBar(`Upload progress of ${upload.file.name}`);
  const state = h('span', {});
  const problem = h('p', { class: 'error', role: 'alert' });
  const verdict = h('div', { class: 'stack tight' });
  const buttons = h('div', { class: 'row' });
  const element = h('li', { class: 'card upload' },
    h('div', { class: 'heading' }, h('span', { class: 'movie-name' }, upload.file.name), state),
    progress.element, verdict, problem, buttons);

  const button = (iconName, label, onclick) => h('button', { type: 'button', class: 'quiet small', onclick }, icon(iconName), label);
  const abort = async () => {
    if (!await confirm('Abort this upload?', `The uploaded parts of ${upload.file.name} are deleted.`, 'Abort upload')) return;
    try {
      await upload.abort();
      render();
    } catch (error) {
      if (!handleUnauthorized(error)) setText(problem, errorText(error));
    }
  };
  const dismiss = () => {
    uploads.splice(uploads.indexOf(upload), 1);
    render();
  };
  const sendWith = (options) => () => {
    upload.remedy = options;
    upload.start();
  };
  const actions = {
    new: () => [],
    refused: () => [
      (upload.inspection?.packageable_with ?? []).map((options) => button('upload', `Upload, and ${lowerCase(optionsLabel(options))}`, sendWith(options))),
      button('upload', 'Upload anyway', sendWith(undefined)),
      button('cross', 'Dismiss', dismiss),
    ],
    starting: () => [],
    sending: () => [button('pause', 'Pause', () => upload.pause()), button('cross', 'Abort', abort)],
    paused: () => [button('play', 'Resume', () => upload.start()), button('cross', 'Abort', abort)],
    completing: () => [],
    failed: () => [button('play', 'Retry', () => upload.start()), button('cross', 'Abort', abort)],
    done: () => [
      h('a', { class: 'button quiet small', href: `#/movies/${encodeURIComponent(upload.content ?? '')}` }, 'View progress'),
      button('cross', 'Dismiss', dismiss),
    ],
    aborted: () => [],
  };

  let shown;
  let shownVerdict;
  function update() {
    const { state: current, sent, file, inspection } = upload;
    const left = current === 'sending' && upload.secondsLeft;
    const isHeld = current === 'new' || current === 'refused';
    const text = current === 'done' || isHeld ? bytes(file.size) : `${bytes(sent)} of ${bytes(file.size)}${left ? `, ${duration(left)} left` : ''}`;
    progress.element.hidden = isHeld || Boolean(upload.verdict);
    progress.set(current === 'done' ? file.size : sent, file.size, text);
    const [label, tone] = badgeOf(upload);
    if (shown === `${current} ${label}`) return;
    shown = `${current} ${label}`;
    const hadFocus = buttons.contains(document.activeElement);
    fill(state, badge(label, tone));
    fill(buttons, actions[current]());
    if (hadFocus) buttons.querySelector('button, a')?.focus();
    const judged = upload.verdict?.status === 'Refused' ? upload.verdict : inspection;
    if (judged && judged !== shownVerdict) fill(verdict, verdictElements(judged));
    shownVerdict = judged;
    setText(problem, current === 'failed' ? errorText(upload.error) : '');
    if (current === 'failed') handleUnauthorized(upload.error);
    if (current === 'done' || current === 'paused') announce(`${file.name}: ${label}.`);
    if (current === 'done') followVerdict(upload);
  }
  upload.addEventListener('change', update);
  update();
  return element;
}

/** A verdict on the file of an upload: the browser's, or the refusal of the platform. */
function verdictElements(judged) {
  const { status, code, message } = judged;
  if (status !== 'Refused') return inspectionElements(judged);
  const { title, action } = failureText(code);
  return notice('bad', title, sentence(message), action, h('p', { class: 'code' }, h('code', {}, code)));
}

function lowerCase(label) {
  return label[0].toLowerCase() + label.slice(1);
}

/** The card of an unfinished upload from before the page was opened. The user must select its file again. */
function unfinishedCard(record, start, render, handleUnauthorized) {
  const problem = h('p', { class: 'error', role: 'alert' });
  const id = `resume-${record.id}`;
  const picker = h('input', {
    type: 'file', class: 'unseen', id, 'aria-describedby': `${id}-help`,
    onchange: () => {
      const [file] = picker.files;
      if (!file) return;
      if (isSameFile(record, file)) start(file, record);
      else setText(problem, `Different file selected. Select ${record.name} (${bytes(record.bytes)}).`);
    },
  });
  const abort = h('button', { type: 'button', class: 'quiet small' }, icon('cross'), 'Abort');
  abort.addEventListener('click', () => runAction(abort, async () => {
    await api.abortUpload(record.id).catch((error) => {
      if (error.status !== 404) throw error;
    });
    forget(record.id);
    render();
  }, (error) => handleUnauthorized(error) || setText(problem, errorText(error))));
  return h('li', { class: 'card upload' },
    h('div', { class: 'heading' }, h('span', { class: 'movie-name' }, record.name), badge('Incomplete')),
    h('p', { class: 'soft', id: `${id}-help` }, `The page was closed before the upload of ${bytes(record.bytes)} was complete. Select the file again to upload the remaining parts.`),
    problem,
    h('div', { class: 'row' }, picker, h('label', { for: id, class: 'button quiet small' }, icon('play'), 'Select file and resume'), abort));
}
