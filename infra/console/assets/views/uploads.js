// Where files are dropped, and how far each of them is.
//
// Uploads go on while other views are shown, so they live here, apart from the view.

import { announce, fill, h, icon, tell } from '../dom.js';
import { bytes, duration } from '../format.js';
import { Upload, forget, isSameFile, unfinished } from '../uploads.js';
import * as api from '../api.js';
import { inWords } from '../words.js';
import { attempt, badge, bar, confirm } from './parts.js';

/** Every upload of this page, newest first. */
const uploads = [];

addEventListener('beforeunload', (event) => {
  if (uploads.some((own) => own.state === 'sending' || own.state === 'finishing')) event.preventDefault();
});

/** The area, with one card for each upload. */
export function uploadArea(lost) {
  const cards = h('ul', { class: 'uploads', 'aria-label': 'Uploads' });
  const picker = h('input', { type: 'file', class: 'unseen', id: 'picker', multiple: true, accept: 'video/*,audio/mp4,.mp4,.m4v,.m4a,.mov,.vtt' });
  const area = h('section', { class: 'drop', 'aria-labelledby': 'drop-title' },
    h('div', { class: 'drop-icon' }, icon('upload')),
    h('h2', { id: 'drop-title' }, 'Drop a movie here'),
    h('p', { class: 'soft' }, 'MP4 or MOV, of any size. WebVTT subtitles too.'),
    picker,
    h('label', { for: 'picker', class: 'button first' }, 'Choose a file'));
  let depth = 0;

  picker.addEventListener('change', () => {
    for (const file of picker.files) add(file);
    picker.value = '';
  });
  const listen = new AbortController();
  const on = (name, act) => addEventListener(name, act, { signal: listen.signal });
  // The whole page takes what is dropped: a file that misses the frame would be opened in place of the page.
  on('dragenter', (event) => lift(event, 1));
  on('dragleave', (event) => lift(event, -1));
  on('dragover', (event) => event.preventDefault());
  on('drop', (event) => {
    event.preventDefault();
    depth = 0;
    area.classList.remove('over');
    for (const file of event.dataTransfer.files) add(file);
  });

  function lift(event, change) {
    event.preventDefault();
    depth += change;
    area.classList.toggle('over', depth > 0);
  }

  function add(file) {
    const record = unfinished().find((own) => isSameFile(own, file) && !uploads.some((upload) => upload.id === own.id));
    begin(file, record);
  }

  function begin(file, record) {
    const upload = new Upload(file, record);
    uploads.unshift(upload);
    draw();
    announce(`Uploading ${file.name}.`);
    upload.start();
  }

  function draw() {
    const left = unfinished().filter((record) => !uploads.some((upload) => upload.id === record.id));
    fill(cards,
      uploads.filter((own) => own.state !== 'dropped').map((own) => card(own, draw, lost)),
      left.map((record) => leftCard(record, begin, draw, lost)));
    cards.hidden = cards.childElementCount === 0;
  }

  draw();
  return { element: h('div', { class: 'stack' }, area, cards), leave: () => listen.abort() };
}

/** One upload of this page. */
function card(upload, draw, lost) {
  const progress = bar(`Upload of ${upload.file.name}`);
  const state = h('span', {});
  const problem = h('p', { class: 'error', role: 'alert' });
  const buttons = h('div', { class: 'row' });
  const element = h('li', { class: 'card upload' },
    h('div', { class: 'heading' }, h('span', { class: 'movie-name' }, upload.file.name), state),
    progress.element, problem, buttons);

  const button = (name, words, act) => h('button', { type: 'button', class: 'quiet small', onclick: act }, icon(name), words);
  const drop = async () => {
    if (!await confirm('Give up this upload?', `What has arrived of ${upload.file.name} is thrown away.`, 'Give it up')) return;
    try {
      await upload.drop();
      draw();
    } catch (error) {
      if (!lost(error)) tell(problem, inWords(error));
    }
  };
  const choices = {
    starting: () => [],
    sending: () => [button('pause', 'Pause', () => upload.pause()), button('cross', 'Give up', drop)],
    paused: () => [button('play', 'Resume', () => upload.start()), button('cross', 'Give up', drop)],
    finishing: () => [],
    failed: () => [button('play', 'Try again', () => upload.start()), button('cross', 'Give up', drop)],
    done: () => [h('a', { class: 'button quiet small', href: `#/movies/${encodeURIComponent(upload.content)}` }, 'See what becomes of it')],
    dropped: () => [],
  };
  const names = {
    starting: ['Starting', 'busy'], sending: ['Uploading', 'busy'], paused: ['Paused', ''], finishing: ['Putting it together', 'busy'],
    failed: ['Not uploaded', 'bad'], done: ['Uploaded', 'good'], dropped: ['Given up', ''],
  };

  let shown;
  function change() {
    const { state: now, sent, file } = upload;
    const left = now === 'sending' && upload.secondsLeft;
    const words = now === 'done' ? bytes(file.size) : `${bytes(sent)} of ${bytes(file.size)}${left ? `, ${duration(left)} left` : ''}`;
    progress.set(now === 'done' ? file.size : sent, file.size, words);
    if (now === shown) return;
    shown = now;
    const hadFocus = buttons.contains(document.activeElement);
    fill(state, badge(...names[now]));
    fill(buttons, choices[now]());
    if (hadFocus) buttons.querySelector('button, a')?.focus();
    tell(problem, now === 'failed' ? inWords(upload.error) : '');
    if (now === 'failed') lost(upload.error);
    if (now === 'done' || now === 'paused') announce(`${file.name}: ${names[now][0]}.`);
  }
  upload.addEventListener('change', change);
  change();
  return element;
}

/** An upload that was begun before the page was opened: its file has to be picked again. */
function leftCard(record, begin, draw, lost) {
  const problem = h('p', { class: 'error', role: 'alert' });
  const id = `again-${record.id}`;
  const picker = h('input', {
    type: 'file', class: 'unseen', id, 'aria-describedby': `${id}-help`,
    onchange: () => {
      const [file] = picker.files;
      if (!file) return;
      if (isSameFile(record, file)) begin(file, record);
      else tell(problem, `This is not the file that the upload was begun with: ${record.name}, ${bytes(record.bytes)}.`);
    },
  });
  const drop = h('button', { type: 'button', class: 'quiet small' }, icon('cross'), 'Give up');
  drop.addEventListener('click', () => attempt(drop, async () => {
    await api.abortUpload(record.id).catch((error) => {
      if (error.status !== 404) throw error;
    });
    forget(record.id);
    draw();
  }, (error) => lost(error) || tell(problem, inWords(error))));
  return h('li', { class: 'card upload' },
    h('div', { class: 'heading' }, h('span', { class: 'movie-name' }, record.name), badge('Unfinished')),
    h('p', { class: 'soft', id: `${id}-help` }, `The page was closed before all ${bytes(record.bytes)} had arrived. Choose the file again: only what is missing is sent.`),
    problem,
    h('div', { class: 'row' }, picker, h('label', { for: id, class: 'button quiet small' }, icon('play'), 'Choose it and go on'), drop));
}
