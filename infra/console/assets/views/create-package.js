// The form that creates a package of a video, with every option of the API.

import * as api from '../api.js';
import { fill, h, icon } from '../dom.js';
import { errorText } from '../error-messages.js';
import { dateTime, fileName } from '../format.js';
import { notice } from './components.js';

const SUBTITLE_KINDS = [
  ['subtitles', 'Subtitles'], ['captions', 'Captions (for deaf and hard-of-hearing viewers)'], ['forced', 'Forced subtitles'],
];

/**
 * Shows the form for a content. `onCreated` receives the API's response.
 *
 * @param {Api.Schemas['Content']} content
 * @param {(pkg: Api.Schemas['Package']) => void} onCreated
 */
export async function createPackageDialog(content, onCreated) {
  const problem = h('div', { role: 'alert' });
  const [subtitleFiles, videos] = await Promise.all([list({ status: 'Subtitles' }), list({ status: 'Ingested' })]);
  const otherVideos = videos.filter(({ input_content_id: id }) => id !== content.input_content_id);

  const scheme = radioGroup('scheme', 'Encryption', [
    ['cbcs', 'cbcs', 'All current players'], ['cenc', 'cenc', 'Older Android devices, VP9'], ['clear', 'Clear', 'No encryption'],
  ], isCbcsUndefined(content) ? 'cenc' : 'cbcs');
  const encrypt = radioGroup('encrypt', 'Encrypted tracks', [['video', 'Video', 'Audio stays clear'], ['all', 'Video and audio', '']]);
  const layout = radioGroup('layout', 'Output files', [['segments', 'One file per segment', ''], ['single-file', 'One file per track', '']]);
  const when = radioGroup('when', 'Segments', [['ahead', 'Written now', ''], ['on-demand', 'On demand', 'When viewers request them']]);
  const retention = selectField('retention_days', 'Keep each segment', [['', 'for ever'], ...[1, 7, 30, 90, 365].map((days) => [days, days === 1 ? '1 day' : `${days} days`])]);
  const onDemand = h('div', { class: 'grid' }, when, retention);
  const seconds = field('segment_seconds', 'Segment duration (seconds)', { type: 'number', min: '1', max: '60', step: '1', inputmode: 'numeric', placeholder: '6' });
  const required = content.packageable_with?.[0] ?? {};
  const audioOnly = checkbox('audio_only', 'Audio only', 'on', required.audio_only);
  const leaveOut = checkbox('leave_out', 'Leave out unsupported tracks', 'on', required.unsupported === 'leave_out');
  const keys = h('details', { class: 'more' },
    h('summary', {}, 'Custom keys'),
    h('p', { class: 'hint' }, 'Leave empty to generate keys. Each value has 16 bytes, as hex, UUID or base64.'),
    h('div', { class: 'grid' },
      field('kid', 'Key ID'), field('key', 'Key', { type: 'password', autocomplete: 'off' }),
      field('audio_kid', 'Audio key ID'), field('audio_key', 'Audio key', { type: 'password', autocomplete: 'off' })));
  const drm = h('details', { class: 'more' },
    h('summary', {}, 'DRM systems'),
    h('p', { class: 'hint' }, 'Signalled in the manifests, in addition to ClearKey.'),
    h('div', { class: 'grid' },
      field('widevine', 'Widevine (pssh box, base64)'), field('playready', 'PlayReady (pssh box, base64)'), field('fairplay', 'FairPlay (skd:// URI)')));
  const protection = h('div', { class: 'stack' }, encrypt, keys, drm);
  const subtitles = h('details', { class: 'more', hidden: subtitleFiles.length === 0 },
    h('summary', {}, 'Subtitles'),
    subtitleFiles.map(subtitleRow));
  const ladder = h('details', { class: 'more', hidden: otherVideos.length === 0 },
    h('summary', {}, 'Additional inputs'),
    h('p', { class: 'hint' }, 'Other renditions or languages of the same video, in one stream. Players switch between them.'),
    h('div', { class: 'stack tight' }, otherVideos.slice(0, 50).map((video) => checkbox(
      'additional', `${fileName(video.input_content_origin)} (${dateTime(video.created_at)})`, video.input_content_id))));

  const submit = h('button', { type: 'submit', class: 'first' }, 'Create package');
  const form = h('form', { class: 'stack', novalidate: true },
    scheme, protection, h('div', { class: 'grid' }, layout, h('div', { class: 'stack tight' }, seconds, audioOnly, leaveOut)), onDemand, subtitles, ladder,
    h('div', { class: 'dialog-footer' }, problem,
      h('div', { class: 'row end' }, h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel'), submit)));
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'create-package-title' },
    h('div', { class: 'heading' }, h('h2', { id: 'create-package-title' }, 'Create package'),
      h('button', { type: 'button', class: 'quiet round', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('cross'))),
    h('p', { class: 'soft' }, fileName(content.input_content_origin)),
    form);

  /** Hides the options that do not apply. */
  function updateOptions() {
    const data = new FormData(form);
    protection.hidden = data.get('scheme') === 'clear';
    encrypt.hidden = data.get('audio_only') === 'on';
    onDemand.hidden = data.get('layout') === 'single-file';
    retention.hidden = data.get('when') !== 'on-demand';
  }
  form.addEventListener('change', updateOptions);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    fill(problem);
    clearInvalid(form);
    const invalid = invalidField(form);
    if (invalid) {
      fill(problem, notice('bad', 'Request rejected', invalid.message));
      mark(invalid.input);
      submit.disabled = false;
      return;
    }
    try {
      const pkg = await api.createPackage(requestBody(content, new FormData(form)));
      dialog.close();
      onCreated(pkg);
    } catch (error) {
      fill(problem, notice('bad', 'Request rejected', withLabels(errorText(error), error.field)));
      markInvalid(form, error.field);
    } finally {
      submit.disabled = false;
    }
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  updateOptions();
  dialog.showModal();
}

/** The request body. Options without a value are omitted. @returns {Api.PackageRequest} */
export function requestBody(content, data) {
  const text = (name) => data.get(name)?.trim() || undefined;
  const isClear = data.get('scheme') === 'clear';
  const audioOnly = data.get('audio_only') === 'on';
  const onDemand = data.get('layout') !== 'single-file' && data.get('when') === 'on-demand';
  const unlessClear = (value) => (isClear ? undefined : value);
  const additional = data.getAll('additional');
  const drm = { widevine: text('widevine'), playready: text('playready'), fairplay: text('fairplay') };
  const subtitles = data.getAll('subtitle').map((id) => ({
    input_content_id: id, language: text(`language ${id}`), label: text(`label ${id}`), kind: data.get(`kind ${id}`),
  }));
  return {
    ...(additional.length > 0 ? { input_content_ids: [content.input_content_id, ...additional] } : { input_content_id: content.input_content_id }),
    scheme: data.get('scheme'),
    encrypt: audioOnly ? undefined : unlessClear(data.get('encrypt')),
    key: unlessClear(text('key')),
    kid: unlessClear(text('kid')),
    audio_key: unlessClear(text('audio_key')),
    audio_kid: unlessClear(text('audio_kid')),
    drm: unlessClear(Object.values(drm).some(Boolean) ? drm : undefined),
    layout: data.get('layout'),
    when: onDemand ? 'on-demand' : undefined,
    retention_days: /** @type {Api.PackageRequest['retention_days']} */ (onDemand && text('retention_days') ? Number(text('retention_days')) : undefined),
    segment_seconds: text('segment_seconds') && Number(text('segment_seconds')),
    audio_only: audioOnly || undefined,
    unsupported: data.get('leave_out') === 'on' ? 'leave_out' : undefined,
    subtitles: subtitles.length > 0 ? subtitles : undefined,
  };
}

async function list(filter) {
  const { input_content: contents } = await api.listContents({ ...filter, limit: 100 }).catch(() => ({ input_content: [] }));
  return contents.flatMap((content) => (content.status === 'Unreadable' ? [] : [content]));
}

/** Whether the scheme cbcs is not defined for a track of a content. @param {Api.Schemas['Content']} content */
function isCbcsUndefined(content) {
  return (content.preflight?.warnings ?? []).some(({ code }) => code === 'cbcs_undefined');
}

function field(name, label, attributes = {}) {
  const id = `create-package-${name}`;
  return h('div', { class: 'field' }, h('label', { for: id }, label), h('input', { type: 'text', id, name, autocomplete: 'off', spellcheck: 'false', ...attributes }));
}

function selectField(name, label, options) {
  const id = `create-package-${name}`;
  return h('div', { class: 'field' }, h('label', { for: id }, label), h('select', { id, name }, options.map(([value, text]) => h('option', { value }, text))));
}

function checkbox(name, label, value = 'on', checked = false) {
  return h('label', { class: 'check' }, h('input', { type: 'checkbox', name, value, checked }), h('span', {}, label));
}

/** A radio group. */
function radioGroup(name, legend, options, selected = options[0][0]) {
  return h('fieldset', { class: 'field' },
    h('legend', {}, legend),
    h('div', { class: 'cards' }, options.map(([value, label, hint]) => h('label', { class: 'option' },
      h('input', { type: 'radio', name, value, checked: value === selected }),
      h('span', { class: 'option-text' }, h('span', {}, label), hint && h('span', { class: 'hint' }, hint))))));
}

function subtitleRow(file) {
  const id = file.input_content_id;
  const name = fileName(file.input_content_origin);
  const language = /[._-]([a-z]{2,3}(?:-[A-Z]{2})?)\.(?:vtt|srt|ttml|dfxp|scc)$/.exec(name)?.[1] ?? '';
  return h('div', { class: 'subtitle' },
    checkbox('subtitle', name, id),
    h('div', { class: 'grid three' },
      h('label', { class: 'field' }, h('span', {}, 'Language'), h('input', { type: 'text', name: `language ${id}`, value: language, placeholder: 'en' })),
      h('label', { class: 'field' }, h('span', {}, 'Label'), h('input', { type: 'text', name: `label ${id}`, placeholder: 'English' })),
      h('label', { class: 'field' }, h('span', {}, 'Kind'), h('select', { name: `kind ${id}` }, SUBTITLE_KINDS.map(([value, text]) => h('option', { value }, text))))));
}

/** The labels of the fields that the API names otherwise. */
const LABELS = {
  kid: 'Key ID', key: 'Key', audio_kid: 'Audio key ID', audio_key: 'Audio key', segment_seconds: 'Segment duration',
  'drm.widevine': 'Widevine', 'drm.playready': 'PlayReady', 'drm.fairplay': 'FairPlay', scheme: 'Encryption', encrypt: 'Encrypted tracks',
  input_content_ids: 'Additional inputs', unsupported: 'Leave out unsupported tracks', layout: 'Output files', 'subtitles.label': 'Label',
};

/** A message of the API with the labels of the form in place of the names of fields. */
function withLabels(message, field) {
  const label = LABELS[field];
  if (!label) return message;
  const named = message.replaceAll(`\`${field}\``, label);
  return named === message ? `${label}: ${message[0].toLowerCase()}${message.slice(1)}` : named;
}

/** The first field of a subtitle file that the API would not accept. The API does not name the file. */
function invalidField(form) {
  for (const selected of form.querySelectorAll('[name="subtitle"]:checked')) {
    const input = form.elements[`language ${selected.value}`];
    const file = selected.closest('label').textContent;
    if (input.value.trim() === '') return { input, message: `Enter the language of ${file}.` };
    if (!isLanguage(input.value.trim())) return { input, message: `Enter the language of ${file} as a BCP 47 tag, such as en or pt-BR.` };
  }
  return null;
}

function isLanguage(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** Marks and focuses the field that a problem names. */
function markInvalid(form, name) {
  const input = name && form.querySelector(`[name="${CSS.escape(name.split('.').at(-1))}"]`);
  if (input) mark(input);
}

function mark(input) {
  input.closest('details')?.setAttribute('open', '');
  input.setAttribute('aria-invalid', 'true');
  input.focus();
}

function clearInvalid(form) {
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
}
