// The form that asks for another package of a movie: every option that the API takes.

import * as api from '../api.js';
import { fill, h, icon } from '../dom.js';
import { fileName, moment } from '../format.js';
import { inWords } from '../words.js';
import { notice } from './parts.js';

const KINDS = [['subtitles', 'Subtitles'], ['captions', 'Captions'], ['forced', 'Forced']];

/** Shows the form for a content; `made` is given what the API answers. */
export async function requestDialog(content, made) {
  const problem = h('div', { role: 'alert' });
  const [subtitleFiles, movies] = await Promise.all([listOf('Subtitles'), listOf('Ingested')]);
  const others = movies.filter((own) => own.input_content_id !== content.input_content_id);

  const scheme = choice('scheme', 'Encryption', [
    ['cbcs', 'cbcs', 'For all present players'], ['cenc', 'cenc', 'For older Android, and VP9'], ['clear', 'Clear', 'No encryption'],
  ]);
  const encrypt = choice('encrypt', 'What is encrypted', [['video', 'Picture', 'The sound stays clear'], ['all', 'Picture and sound', '']]);
  const layout = choice('layout', 'Files', [['segments', 'One for each segment', ''], ['single-file', 'One for each track', '']]);
  const seconds = field('segment_seconds', 'Seconds in a segment', { type: 'number', min: '1', max: '60', step: '1', inputmode: 'numeric', placeholder: '6' });
  const audioOnly = check('audio_only', 'The sound alone');
  const keys = h('details', { class: 'more' },
    h('summary', {}, 'Keys of your own'),
    h('p', { class: 'hint' }, 'Left empty, the platform makes them. Hex, UUID or base64, 16 bytes each.'),
    h('div', { class: 'grid' },
      field('kid', 'Key id'), field('key', 'Key', { type: 'password', autocomplete: 'off' }),
      field('audio_kid', 'Key id of the sound'), field('audio_key', 'Key of the sound', { type: 'password', autocomplete: 'off' })));
  const drm = h('details', { class: 'more' },
    h('summary', {}, 'DRM systems'),
    h('p', { class: 'hint' }, 'Named in the manifests, beside ClearKey.'),
    h('div', { class: 'grid' },
      field('widevine', 'Widevine (pssh box, base64)'), field('playready', 'PlayReady (pssh box, base64)'), field('fairplay', 'FairPlay (skd:// address)')));
  const protection = h('div', { class: 'stack' }, encrypt.element, keys, drm);
  const subtitles = h('details', { class: 'more', hidden: subtitleFiles.length === 0 },
    h('summary', {}, 'Subtitles'),
    subtitleFiles.map(subtitleRow));
  const ladder = h('details', { class: 'more', hidden: others.length === 0 },
    h('summary', {}, 'Further movies in the same stream'),
    h('p', { class: 'hint' }, 'Other sizes of the same movie, or other languages. Players switch between them.'),
    h('div', { class: 'stack tight' }, others.slice(0, 50).map((own) => check('further', `${fileName(own.input_content_origin)} (${moment(own.created_at)})`, own.input_content_id))));

  const submit = h('button', { type: 'submit', class: 'first' }, 'Package it');
  const form = h('form', { class: 'stack', novalidate: true },
    scheme.element, protection, h('div', { class: 'grid' }, layout.element, h('div', { class: 'stack tight' }, seconds, audioOnly)), subtitles, ladder,
    h('div', { class: 'stay' }, problem,
      h('div', { class: 'row end' }, h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel'), submit)));
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'request-title' },
    h('div', { class: 'heading' }, h('h2', { id: 'request-title' }, 'Package again'),
      h('button', { type: 'button', class: 'quiet round', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('cross'))),
    h('p', { class: 'soft' }, fileName(content.input_content_origin)),
    form);

  function adapt() {
    const data = new FormData(form);
    protection.hidden = data.get('scheme') === 'clear';
    encrypt.element.hidden = data.get('audio_only') === 'on';
  }
  form.addEventListener('change', adapt);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    fill(problem);
    clearMarks(form);
    try {
      const answer = await api.createPackage(requestOf(content, new FormData(form)));
      dialog.close();
      made(answer);
    } catch (error) {
      fill(problem, notice('bad', 'It was not accepted', inWords(error)));
      mark(form, error.field);
    } finally {
      submit.disabled = false;
    }
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  adapt();
  dialog.showModal();
}

/** The request's body: what was left as it is, is left out. */
export function requestOf(content, data) {
  const text = (name) => data.get(name)?.trim() || undefined;
  const isClear = data.get('scheme') === 'clear';
  const audioOnly = data.get('audio_only') === 'on';
  const protect = (value) => (isClear ? undefined : value);
  const further = data.getAll('further');
  const drm = { widevine: text('widevine'), playready: text('playready'), fairplay: text('fairplay') };
  const subtitles = data.getAll('subtitle').map((id) => ({
    input_content_id: id, language: text(`language ${id}`), label: text(`label ${id}`), kind: data.get(`kind ${id}`),
  }));
  return {
    ...(further.length > 0 ? { input_content_ids: [content.input_content_id, ...further] } : { input_content_id: content.input_content_id }),
    scheme: data.get('scheme'),
    encrypt: audioOnly ? undefined : protect(data.get('encrypt')),
    key: protect(text('key')),
    kid: protect(text('kid')),
    audio_key: protect(text('audio_key')),
    audio_kid: protect(text('audio_kid')),
    drm: protect(Object.values(drm).some(Boolean) ? drm : undefined),
    layout: data.get('layout'),
    segment_seconds: text('segment_seconds') && Number(text('segment_seconds')),
    audio_only: audioOnly || undefined,
    subtitles: subtitles.length > 0 ? subtitles : undefined,
  };
}

async function listOf(status) {
  const page = await api.contents({ status, limit: 100 }).catch(() => ({ input_content: [] }));
  return page.input_content;
}

function field(name, label, attributes = {}) {
  const id = `request-${name}`;
  return h('div', { class: 'field' }, h('label', { for: id }, label), h('input', { type: 'text', id, name, autocomplete: 'off', spellcheck: 'false', ...attributes }));
}

function check(name, label, value = 'on') {
  return h('label', { class: 'check' }, h('input', { type: 'checkbox', name, value }), h('span', {}, label));
}

/** One of several; the first is chosen. */
function choice(name, legend, options) {
  const element = h('fieldset', { class: 'field' },
    h('legend', {}, legend),
    h('div', { class: 'cards' }, options.map(([value, label, hint], index) => h('label', { class: 'option' },
      h('input', { type: 'radio', name, value, checked: index === 0 }),
      h('span', { class: 'option-words' }, h('span', {}, label), hint && h('span', { class: 'hint' }, hint))))));
  return { element };
}

function subtitleRow(own) {
  const id = own.input_content_id;
  const name = fileName(own.input_content_origin);
  const guess = /[._-]([a-z]{2,3}(?:-[A-Z]{2})?)\.vtt$/.exec(name)?.[1] ?? '';
  return h('div', { class: 'subtitle' },
    check('subtitle', name, id),
    h('div', { class: 'grid three' },
      h('label', { class: 'field' }, h('span', {}, 'Language'), h('input', { type: 'text', name: `language ${id}`, value: guess, placeholder: 'en' })),
      h('label', { class: 'field' }, h('span', {}, 'Label'), h('input', { type: 'text', name: `label ${id}`, placeholder: 'English' })),
      h('label', { class: 'field' }, h('span', {}, 'Kind'), h('select', { name: `kind ${id}` }, KINDS.map(([value, word]) => h('option', { value }, word))))));
}

/** Marks the field that a problem names, and goes there. */
function mark(form, name) {
  const own = name && form.querySelector(`[name="${CSS.escape(name.split('.').at(-1))}"]`);
  if (!own) return;
  own.closest('details')?.setAttribute('open', '');
  own.setAttribute('aria-invalid', 'true');
  own.focus();
}

function clearMarks(form) {
  for (const own of form.querySelectorAll('[aria-invalid]')) own.removeAttribute('aria-invalid');
}
