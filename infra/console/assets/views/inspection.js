// The browser's verdict on a local file, and on files that were chosen together.

import { h, icon } from '../dom.js';
import { failureText, sentence } from '../error-messages.js';
import { timecode } from '../format.js';
import { codecName } from '../labels.js';
import { notice } from './components.js';
import { segmentList, table, trackList, warningList } from './verdict.js';

/** What the browser found in a file that can be packaged. @param {import('../inspector.js').Inspection} inspection */
export function inspectionElements(inspection) {
  const tracks = inspection.tracks ?? [];
  const warnings = inspection.preflight?.warnings ?? [];
  if (inspection.media === 'subtitles') return [warningList(warnings)];
  return [
    h('p', { class: 'summary' }, summary(tracks).map((item) => h('span', {}, item))),
    warningList(warnings), trackList(tracks), segmentList(tracks),
  ];
}

/** The summary of a file's tracks: duration, resolution, codecs. @param {import('../inspector.js').InspectedTrack[]} tracks */
function summary(tracks) {
  const video = tracks.find(({ type }) => type === 'video');
  const audio = tracks.find(({ type }) => type === 'audio');
  return [
    timecode(Math.max(0, ...tracks.map(end))),
    video && `${video.width} × ${video.height}`,
    [video, audio].flatMap((track) => (track ? [codecName(track.codec)] : [])).join(' + '),
  ].filter(Boolean);
}

/** @param {import('../inspector.js').InspectedTrack} track */
function end({ segments }) {
  const last = segments.at(-1);
  return last ? last.start + last.duration : 0;
}

/**
 * The card that says whether files can be the rungs of one package.
 *
 * @param {File[]} files
 * @param {import('../inspector.js').Ladder} ladder
 */
export function ladderCard(files, ladder, dismiss) {
  const names = files.map(({ name }) => name).join(', ');
  const { title, action } = ladder.is_aligned
    ? { title: 'These files fit into one package', action: 'To package them together, create a package of one and select the others under Additional inputs.' }
    : { title: failureText(ladder.code).title, action: failureText(ladder.code).action };
  return h('li', { class: 'card upload' },
    h('div', { class: 'heading' }, h('span', { class: 'movie-name' }, names),
      h('button', { type: 'button', class: 'quiet small', onclick: dismiss }, icon('cross'), 'Dismiss')),
    notice(ladder.is_aligned ? 'good' : '', title, !ladder.key_frames && sentence(ladder.message), action),
    ladder.is_aligned ? rungTable(ladder.tracks ?? []) : keyFrameTable(files, ladder.key_frames ?? []));
}

/** The tracks of the package, with their segments: those of all videos start at the same times. */
function rungTable(tracks) {
  const rows = tracks.map((track) => [
    track.name, track.width ? `${track.width} × ${track.height}` : track.language === 'und' ? '' : track.language, codecName(track.codec),
    String(track.segments.length), timecode(end(track)),
  ]);
  return scrollable('Tracks of the package', table(['Track', 'Format', 'Codec', 'Segments', 'Duration'], rows));
}

/** The first key frames that do not match. The names of video tracks start with `movie 2`: the second file. @param {string[][]} lines */
function keyFrameTable(files, lines) {
  if (lines.length === 0) return false;
  const [names, ...times] = lines;
  const columns = names.map((name) => name.replace(/^movie (\d+) /, (_, number) => `${files[number - 1].name} `));
  return scrollable('Key frames that do not match', table(columns, times));
}

function scrollable(label, content) {
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, content);
}
