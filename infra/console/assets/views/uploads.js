// The upload area: file selection, and the progress of each upload.
//
// Uploads continue while other views are shown, so this module holds them, and not the view.

import * as api from '../api.js';
import { announce, fill, h, icon, setText } from '../dom.js';
import { errorText } from '../error-messages.js';
import { bytes, duration } from '../format.js';
import { Upload, forget, isSameFile, unfinishedUploads } from '../multipart-upload.js';
import { badge, confirm, progressBar, runAction } from './components.js';

/** All uploads of this page, newest first. */
const uploads = [];

addEventListener('beforeunload', (event) => {
  if (uploads.some(({ state }) => state === 'sending' || state === 'completing')) event.preventDefault();
});

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
    for (const file of picker.files) add(file);
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
    for (const file of event.dataTransfer.files) add(file);
  });

  function setDragDepth(event, depth) {
    event.preventDefault();
    dragDepth = depth;
    area.classList.toggle('drag-over', depth > 0);
  }

  function add(file) {
    const record = unfinishedUploads().find((stored) => isSameFile(stored, file) && !uploads.some((upload) => upload.id === stored.id));
    start(file, record);
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
      uploads.filter(({ state }) => state !== 'aborted').map((upload) => uploadCard(upload, render, handleUnauthorized)),
      unfinished.map((record) => unfinishedCard(record, start, render, handleUnauthorized)));
    cards.hidden = cards.childElementCount === 0;
  }

  render();
  return { element: h('div', { class: 'stack' }, area, cards), leave: () => listeners.abort() };
}

/** The card of an upload of this page. */
function uploadCard(upload, render, handleUnauthorized) {
  const progress = progressBar(`Upload progress of ${upload.file.name}`);
  const state = h('span', {});
  const problem = h('p', { class: 'error', role: 'alert' });
  const buttons = h('div', { class: 'row' });
  const element = h('li', { class: 'card upload' },
    h('div', { class: 'heading' }, h('span', { class: 'movie-name' }, upload.file.name), state),
    progress.element, problem, buttons);

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
  const actions = {
    starting: () => [],
    sending: () => [button('pause', 'Pause', () => upload.pause()), button('cross', 'Abort', abort)],
    paused: () => [button('play', 'Resume', () => upload.start()), button('cross', 'Abort', abort)],
    completing: () => [],
    failed: () => [button('play', 'Retry', () => upload.start()), button('cross', 'Abort', abort)],
    done: () => [h('a', { class: 'button quiet small', href: `#/movies/${encodeURIComponent(upload.content)}` }, 'View progress')],
    aborted: () => [],
  };
  const badges = {
    starting: ['Starting', 'busy'], sending: ['Uploading', 'busy'], paused: ['Paused', ''], completing: ['Completing', 'busy'],
    failed: ['Upload failed', 'bad'], done: ['Uploaded', 'good'], aborted: ['Aborted', ''],
  };

  let shownState;
  function update() {
    const { state: current, sent, file } = upload;
    const left = current === 'sending' && upload.secondsLeft;
    const text = current === 'done' ? bytes(file.size) : `${bytes(sent)} of ${bytes(file.size)}${left ? `, ${duration(left)} left` : ''}`;
    progress.set(current === 'done' ? file.size : sent, file.size, text);
    if (current === shownState) return;
    shownState = current;
    const hadFocus = buttons.contains(document.activeElement);
    fill(state, badge(...badges[current]));
    fill(buttons, actions[current]());
    if (hadFocus) buttons.querySelector('button, a')?.focus();
    setText(problem, current === 'failed' ? errorText(upload.error) : '');
    if (current === 'failed') handleUnauthorized(upload.error);
    if (current === 'done' || current === 'paused') announce(`${file.name}: ${badges[current][0]}.`);
  }
  upload.addEventListener('change', update);
  update();
  return element;
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
