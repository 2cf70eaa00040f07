// One package: its progress from Ingested to Ready, playback, and actions.

import * as api from '../api.js';
import { announce, fill, h, icon, setText } from '../dom.js';
import { failureText, sentence } from '../error-messages.js';
import { bytes, dateTime, duration, outOf, secondsBetween } from '../format.js';
import { contentName, isOnDemand, packageStatus, packageTitle, stageNames, warningLabel } from '../labels.js';
import { play } from '../player.js';
import { canRetry, remediesOfPackage } from '../remedies.js';
import { badge, confirm, copyLine, notice, progressBar, remedyButton, runAction, toneOf } from './components.js';

/** The number of completed stages, by status. */
const COMPLETED_STAGES = { Queued: 1, Fragmented: 2, Encrypted: 3, Ready: 4 };

/** The card of a package. `set` updates it with the API's response; `refresh` is called after an action. */
export function packageCard(failed, refresh) {
  const title = h('h3', {});
  const state = h('span', {});
  const steps = h('ol', { class: 'steps' });
  const progress = progressBar('Packaging progress');
  const stage = h('div', { class: 'stage' });
  const detail = h('div', { class: 'stack' });
  const actions = h('div', { class: 'row' });
  const element = h('li', { class: 'card package' },
    h('div', { class: 'heading' }, title, state), steps, progress.element, stage, detail, actions);
  /** @type {{ json?: string, status?: string, playable?: boolean, failed_at?: string, when?: string, made?: number }} */
  let shown = {};
  let stopPlaying = () => {};

  /** @param {Api.Package} pkg */
  function set(pkg) {
    const before = shown;
    if (before.json === JSON.stringify(pkg)) return;
    const { playable, failed_at: failedAt, when, segments_made: made } = pkg.status === 'Unreadable' ? {} : pkg;
    shown = { json: JSON.stringify(pkg), status: pkg.status, playable, failed_at: failedAt, when, made };
    if (before.playable !== playable) {
      stopPlaying();
      fill(stage, playable && poster(pkg));
    }
    const statusChanged = before.status !== pkg.status || before.failed_at !== failedAt || before.when !== when || before.made !== made;
    setText(title, packageTitle(pkg));
    setProgress(pkg);
    if (!statusChanged) return;
    fill(state, badge(pkg.status, toneOf(pkg.status)));
    fill(steps, pkg.status === 'Unreadable' ? [] : stepElements(pkg));
    fill(detail, detailElements(pkg));
    fill(actions, actionButtons(pkg));
    if (before.status && before.status !== pkg.status) announce(`${packageTitle(pkg)}: ${packageStatus(pkg)}.`);
  }

  /** The progress bar: determinate while work units are processed. */
  function setProgress(pkg) {
    const { work_units_done: done, work_units_total: total } = pkg.progress ?? {};
    progress.element.hidden = ['Ready', 'Failed', 'Unreadable'].includes(pkg.status) || isOnDemand(pkg);
    const bytesDone = pkg.progress?.bytes_done ?? pkg.progress?.bytes_read ?? 0;
    const bytesTotal = pkg.progress?.bytes_total ?? pkg.progress?.source_bytes ?? 0;
    const text = pkg.status === 'Fragmented' && total
      ? `${outOf(done, total, 'work unit')}, ${bytes(Math.min(bytesDone, bytesTotal))} of ${bytes(bytesTotal)}`
      : packageStatus(pkg);
    progress.set(done, pkg.status === 'Queued' ? 0 : total, text);
  }

  function poster(pkg) {
    const button = h('button', { type: 'button', class: 'poster' }, h('span', { class: 'poster-mark' }, icon('play')), h('span', {}, 'Play'));
    button.addEventListener('click', async () => {
      const video = h('video', { controls: true, playsinline: true, tabindex: '0' });
      const problem = h('div', { role: 'alert' });
      fill(stage, video, problem);
      video.focus();
      const showError = (error) => fill(problem, notice('bad', 'Playback failed', error.message));
      stopPlaying = await play(video, pkg, showError);
    });
    return button;
  }

  function actionButtons(pkg) {
    if (pkg.status === 'Deleting') return [];
    const button = (label, style, action) => {
      const element = h('button', { type: 'button', class: style }, label);
      element.addEventListener('click', () => runAction(element, action, failed));
      return element;
    };
    const retry = button('Retry', 'small', async () => {
      await api.retryPackage(pkg.packaged_content_id);
      announce('Retry started.');
      refresh();
    });
    const ahead = button('Write all segments', 'small', async () => {
      await api.packageAhead(pkg.packaged_content_id);
      announce('Writing all segments.');
      refresh();
    });
    const remove = button('Delete', 'quiet small', async () => {
      const confirmed = await confirm('Delete this package?', 'All objects of the stream are deleted, and its URLs stop working. The source file is retained.', 'Delete package');
      if (!confirmed) return;
      await api.deletePackage(pkg.packaged_content_id);
      announce('Deleting the package.');
      stopPlaying();
      refresh();
    });
    const remedies = pkg.status === 'Failed' ? remediesOfPackage(pkg).map((remedy) => remedyButton(remedy, failed, refresh)) : [];
    return [remedies, pkg.status === 'Failed' && canRetry(pkg.failure?.code) && retry, isOnDemand(pkg) && ahead, remove];
  }

  return {
    element,
    set,
    leave: () => stopPlaying(),
  };
}

/** @param {Api.Schemas['Package']} pkg */
function stepElements(pkg) {
  const completed = pkg.status === 'Failed' ? completedBeforeFailure(pkg) : COMPLETED_STAGES[pkg.status] ?? 0;
  const times = [null, pkg.fragmented_at, pkg.encrypted_at, pkg.ready_at];
  let previous = pkg.created_at;
  return stageNames(pkg).map((name, index) => {
    const isCompleted = index < completed;
    const isCurrent = index === completed;
    const hasFailed = isCurrent && pkg.status === 'Failed';
    const at = times[index];
    const elapsed = isCompleted && at ? duration(Math.max(0, secondsBetween(previous, at))) : '';
    if (at) previous = at;
    const status = isCompleted ? ', completed' : hasFailed ? ', failed' : isCurrent ? ', in progress' : ', pending';
    return h('li', { class: [isCompleted && 'completed', isCurrent && 'current', hasFailed && 'failed'].filter(Boolean).join(' '), 'aria-current': isCurrent ? 'step' : null },
      h('span', { class: 'dot' }, isCompleted && icon('check'), hasFailed && icon('cross')),
      h('span', { class: 'step-name' }, name, h('span', { class: 'unseen' }, status)),
      h('span', { class: 'step-time' }, elapsed));
  });
}

/** The number of stages that a failed package completed. @param {Api.Schemas['Package']} pkg */
function completedBeforeFailure(pkg) {
  if (pkg.encrypted_at) return 3;
  return pkg.fragmented_at ? 2 : 1;
}

/** @param {Api.Package} pkg */
function detailElements(pkg) {
  if (pkg.status === 'Failed') {
    const { title, action } = failureText(pkg.failure?.code);
    return [notice('bad', title, sentence(pkg.failure?.message), action, h('p', { class: 'code' }, h('code', {}, pkg.failure?.code), ` (stage: ${pkg.failure?.stage})`))];
  }
  if (pkg.status === 'Unreadable') {
    const { title, action } = failureText('unreadable_record');
    return [notice('bad', title, sentence(pkg.problem), action)];
  }
  if (!pkg.playable) return [];
  const signedUrl = (kind) => async () => (await api.createPlaybackToken(pkg.packaged_content_id)).urls[kind];
  const warnings = (pkg.warnings ?? []).map((warning) =>
    notice('bad', `${warningLabel(warning.code)} (${warning.representation})`, sentence(warning.message), sentence(warning.action)));
  return [
    warnings,
    h('div', { class: 'copy' }, Object.entries({ DASH: 'dash', HLS: 'hls' })
      .map(([label, kind]) => copyLine(label, pkg.urls[kind], pkg.private && signedUrl(kind)))),
    pkg.private && h('p', { class: 'hint' }, 'Private stream: Copy returns a URL with a signed path that expires. The URLs shown here are not signed and do not play.'),
    h('details', {},
      h('summary', {}, 'Details'),
      h('dl', { class: 'properties' }, properties(pkg).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))),
  ];
}

/** A link to an input of a package. Its text is the file's name, once that is known. @param {string} id */
function inputLink(id) {
  const link = h('a', { href: `#/movies/${encodeURIComponent(id)}` }, id);
  api.getContent(id).then((content) => setText(link, contentName(content)), () => {});
  return link;
}

/** @param {Api.Schemas['Package']} pkg @returns {[string, any][]} */
function properties(pkg) {
  const receipt = pkg.receipt ?? {};
  const requests = receipt.requests && Object.entries(receipt.requests).map(([name, number]) => `${number} ${name}`).join(', ');
  const bytesRead = receipt.bytes_read ?? pkg.progress?.bytes_read;
  const bytesWritten = receipt.bytes_written ?? pkg.progress?.bytes_written;
  return [
    ['Package ID', h('code', {}, pkg.packaged_content_id)],
    pkg.input_content_ids && ['Inputs', pkg.input_content_ids.map((id, index) => [index > 0 && ', ', inputLink(id)])],
    pkg.kid && ['Key ID', h('code', {}, pkg.kid)],
    pkg.audio_kid && ['Audio key ID', h('code', {}, pkg.audio_kid)],
    isOnDemand(pkg) && ['Written on demand', [`${pkg.segments_made} segment${pkg.segments_made === 1 ? '' : 's'}`, pkg.retention_days && `kept for ${pkg.retention_days} days`].filter(Boolean).join(', ')],
    ['Segments', `${pkg.segment_seconds} s, one file per ${pkg.layout === 'single-file' ? 'track' : 'segment'}`],
    pkg.subtitles && ['Subtitles', pkg.subtitles.map((track) => `${track.label ?? track.language} (${track.kind})`).join(', ')],
    ['Created', dateTime(pkg.created_at)],
    pkg.ready_at && ['Time to Ready', duration(secondsBetween(pkg.created_at, pkg.ready_at))],
    bytesRead !== undefined && ['Read / written', `${bytes(bytesRead)} / ${bytes(bytesWritten)}`],
    requests && ['Requests', requests],
    receipt.function_ms !== undefined && ['Lambda duration', duration(receipt.function_ms / 1000)],
    receipt.peak_memory_bytes && ['Peak memory', bytes(receipt.peak_memory_bytes)],
  ].flatMap((property) => (Array.isArray(property) ? [/** @type {[string, any]} */ (property)] : []));
}
