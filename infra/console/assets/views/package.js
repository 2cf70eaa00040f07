// One package: its way from Ingested to Ready, and what can be done with it.

import * as api from '../api.js';
import { announce, fill, h, icon, tell } from '../dom.js';
import { bytes, duration, moment, outOf, secondsBetween } from '../format.js';
import { play } from '../player.js';
import { STAGES, inWords, packageTitle, refusal, sentence, stageInWords } from '../words.js';
import { attempt, badge, bar, confirm, copyLine, notice, toneOf } from './parts.js';

/** Stages that are over, by status. */
const OVER = { Queued: 1, Fragmented: 2, Encrypted: 3, Ready: 4 };

/** A card; `set` shows what the API says of the package now. `look` is called when something was done to it. */
export function packageCard(content, failed, look) {
  const title = h('h3', {});
  const state = h('span', {});
  const steps = h('ol', { class: 'steps' });
  const progress = bar('Progress of the package');
  const stage = h('div', { class: 'stage' });
  const rest = h('div', { class: 'stack' });
  const buttons = h('div', { class: 'row' });
  const element = h('li', { class: 'card package' },
    h('div', { class: 'heading' }, title, state), steps, progress.element, stage, rest, buttons);
  let shown = {};
  let stopPlaying = () => {};

  function set(own) {
    const before = shown;
    if (before.seen === JSON.stringify(own)) return;
    shown = { ...own, seen: JSON.stringify(own) };
    const isNew = before.status !== own.status || before.failed_at !== own.failed_at;
    tell(title, packageTitle(own));
    move(own);
    if (!isNew) return;
    fill(state, badge(own.status, toneOf(own.status)));
    fill(steps, stepsOf(own));
    fill(rest, details(own));
    fill(buttons, choices(own));
    stopPlaying();
    fill(stage, own.status === 'Ready' && poster(own));
    if (before.status) announce(`${packageTitle(own)}: ${stageInWords(own)}.`);
  }

  /** The bar: exact while work units are worked on. */
  function move(own) {
    const { work_units_done: done, work_units_total: total } = own.progress ?? {};
    progress.element.hidden = own.status === 'Ready' || own.status === 'Failed';
    const written = own.progress?.bytes_done ?? own.progress?.bytes_read ?? 0;
    const whole = own.progress?.bytes_total ?? own.progress?.source_bytes ?? 0;
    const words = own.status === 'Fragmented' && total
      ? `${outOf(done, total, 'work unit')}, ${bytes(Math.min(written, whole))} of ${bytes(whole)}`
      : stageInWords(own);
    progress.set(done, own.status === 'Queued' ? 0 : total, words);
  }

  function poster(own) {
    const button = h('button', { type: 'button', class: 'poster' }, h('span', { class: 'poster-mark' }, icon('play')), h('span', {}, 'Play'));
    button.addEventListener('click', async () => {
      const video = h('video', { controls: true, playsinline: true, tabindex: '0' });
      const problem = h('div', { role: 'alert' });
      fill(stage, video, problem);
      video.focus();
      const show = (error) => fill(problem, notice('bad', 'It does not play', error.message));
      stopPlaying = await play(video, own, show);
    });
    return button;
  }

  function choices(own) {
    const act = (name, work, verb, quiet = true) => {
      const button = h('button', { type: 'button', class: quiet ? 'quiet small' : 'small' }, verb);
      button.addEventListener('click', () => attempt(button, () => work(button), failed));
      return button;
    };
    const retry = act('retry', async () => {
      await api.retryPackage(own.packaged_content_id);
      announce('The package is put back to work.');
      look();
    }, 'Retry', false);
    const remove = act('delete', async () => {
      const sure = await confirm('Delete this package?', 'Every object of the stream is deleted, and its address stops playing. The uploaded file stays.', 'Delete the package');
      if (!sure) return;
      await api.deletePackage(own.packaged_content_id);
      announce('The package is being deleted.');
      stopPlaying();
      look();
    }, 'Delete');
    return own.status === 'Deleting' ? [] : [own.status === 'Failed' && retry, remove];
  }

  return {
    element,
    set,
    leave: () => stopPlaying(),
  };
}

function stepsOf(own) {
  const over = own.status === 'Failed' ? failedAt(own) : OVER[own.status] ?? 0;
  const at = { Fragmented: own.fragmented_at, Encrypted: own.encrypted_at, Ready: own.ready_at };
  let before = own.created_at;
  return STAGES.map((name, index) => {
    const isOver = index < over;
    const isNow = index === over;
    const stuck = isNow && own.status === 'Failed';
    const took = isOver && at[name] ? duration(Math.max(0, secondsBetween(before, at[name]))) : '';
    if (at[name]) before = at[name];
    return h('li', { class: [isOver && 'over', isNow && 'now', stuck && 'stuck'].filter(Boolean).join(' '), 'aria-current': isNow ? 'step' : null },
      h('span', { class: 'dot' }, isOver && icon('check'), stuck && icon('cross')),
      h('span', { class: 'step-name' }, name, h('span', { class: 'unseen' }, isOver ? ', done' : stuck ? ', failed' : isNow ? ', under way' : ', to come')),
      h('span', { class: 'step-time' }, took));
  });
}

/** How many stages a failed package had behind it. */
function failedAt(own) {
  if (own.encrypted_at) return 3;
  return own.fragmented_at ? 2 : 1;
}

function details(own) {
  if (own.status === 'Failed') {
    const { title, action } = refusal(own.failure?.code);
    return [notice('bad', title, sentence(own.failure?.message), action, h('p', { class: 'code' }, h('code', {}, own.failure?.code), ` in ${own.failure?.stage}`))];
  }
  if (own.status !== 'Ready') return [];
  return [
    h('div', { class: 'copy' }, Object.entries({ DASH: 'dash', HLS: 'hls' }).map(([label, kind]) => copyLine(label, own.urls[kind], own.private
      && (async () => (await api.playbackToken(own.packaged_content_id)).urls[kind])))),
    own.private && h('p', { class: 'hint' }, 'This stream is private: an address that is copied here plays for a while, and the one that is shown does not.'),
    h('details', {},
      h('summary', {}, 'Particulars'),
      h('dl', { class: 'particulars' }, particulars(own).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))),
  ];
}

function particulars(own) {
  const receipt = own.receipt ?? {};
  const requests = receipt.requests && Object.entries(receipt.requests).map(([name, number]) => `${number} ${name}`).join(', ');
  const read = receipt.bytes_read ?? own.progress?.bytes_read;
  const written = receipt.bytes_written ?? own.progress?.bytes_written;
  return [
    ['Package', h('code', {}, own.packaged_content_id)],
    own.kid && ['Key id', h('code', {}, own.kid)],
    own.audio_kid && ['Key id of the sound', h('code', {}, own.audio_kid)],
    ['Segments', `${own.segment_seconds} s, ${own.layout === 'single-file' ? 'one file for each track' : 'a file for each'}`],
    own.subtitles?.length > 0 && ['Subtitles', own.subtitles.map((track) => track.label ?? track.language).join(', ')],
    ['Asked for', moment(own.created_at)],
    own.ready_at && ['Ready after', duration(secondsBetween(own.created_at, own.ready_at))],
    read !== undefined && ['Read and written', `${bytes(read)} and ${bytes(written)}`],
    requests && ['Requests', requests],
    receipt.function_ms !== undefined && ['Function time', duration(receipt.function_ms / 1000)],
    receipt.peak_memory_bytes && ['Most memory', bytes(receipt.peak_memory_bytes)],
  ].filter(Boolean);
}
