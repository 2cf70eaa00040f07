// The verdict on a file: warnings, tracks and segments. Contents of the API and local files are shown alike.

import { h } from '../dom.js';
import { sentence } from '../error-messages.js';
import { bytes, timecode } from '../format.js';
import { codecName, warningLabel } from '../labels.js';

/** Segments of a track that are listed. */
const LISTED_SEGMENTS = 100;

/** The warnings, folded; nothing if there are none. @param {NonNullable<Api.Schemas['Content']['preflight']>['warnings']} warnings */
export function warningList(warnings) {
  return warnings.length > 0 && h('details', { class: 'card quiet-card' },
    h('summary', {}, warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`),
    h('ul', { class: 'warnings' }, warnings.map((warning) => h('li', {},
      h('p', { class: 'notice-title' }, warningLabel(warning.code)),
      h('p', {}, sentence(warning.message)),
      h('p', { class: 'notice-action' }, sentence(warning.action))))));
}

/**
 * The tracks, folded.
 *
 * @param {{ id: number, type: string, codec: string, language: string, width?: number, height?: number, channels?: number, sample_rate?: number }[]} tracks
 */
export function trackList(tracks) {
  const format = (track) => (track.width ? `${track.width} × ${track.height}` : track.channels ? `${track.channels} channels, ${track.sample_rate / 1000} kHz` : '');
  return folded('Tracks', ['Track', 'Type', 'Codec', 'Language', 'Format'], tracks.map((track) => [
    String(track.id), track.type, [`${codecName(track.codec)} `, h('code', {}, track.codec)],
    track.language === 'und' ? '' : track.language, format(track),
  ]));
}

/** The segments, folded: those of the video, else those of the first track. @param {import('../inspector.js').InspectedTrack[]} tracks */
export function segmentList(tracks) {
  const track = tracks.find(({ type }) => type === 'video') ?? tracks[0];
  if (!track) return false;
  const rows = track.segments.slice(0, LISTED_SEGMENTS).map((segment, index) => [
    String(index + 1), timecode(segment.start), `${segment.duration.toFixed(3)} s`, bytes(segment.bytes),
  ]);
  const more = track.segments.length - rows.length;
  return folded(`Segments (${track.segments.length})`, ['Segment', 'Start', 'Duration', 'Size'], rows,
    more > 0 && h('p', { class: 'hint' }, `${more} more segments follow.`));
}

/** A table that can be opened. The first cell of a row is its header. */
function folded(title, columns, rows, ...more) {
  return h('details', { class: 'card quiet-card' },
    h('summary', {}, title),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title },
      table(columns, rows)), ...more);
}

export function table(columns, rows) {
  return h('table', {},
    h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, rows.map(([first, ...rest]) => h('tr', {}, h('th', { scope: 'row' }, first), rest.map((cell) => h('td', {}, cell))))));
}
