// Labels: display text of codecs, statuses and warnings, and one-line summaries.

import { bytes, dateTime, fileName, timecode } from './format.js';

/** Warnings of the preflight check: the file can be packaged, but the stream may play poorly. */
const WARNINGS = {
  long_gops: 'Long GOPs',
  open_gops: 'Open GOPs',
  variable_frame_rate: 'Variable frame rate',
  interlaced: 'Interlaced video',
  in_band_parameter_sets: 'In-band parameter sets',
  codec_parameters_change: 'Codec parameters change mid-stream',
  trimmed_start: 'Edit list starts between key frames',
  trimmed_end: 'Media after the end of the edit list',
  track_timing_mismatch: 'Track start or end times differ',
  alternative_video: 'Second video of other content',
  track_skipped: 'Track not packaged',
  recording_cut_short: 'Recording cut short',
  boxes_dropped: 'Boxes not in the stream',
  cbcs_undefined: 'cbcs is not defined for this codec',
  poor_interleaving: 'Poor interleaving',
  no_faststart: 'Movie box at the end of the file (no faststart)',
};

export function warningLabel(code) {
  return WARNINGS[code] ?? code;
}

const CODECS = {
  avc1: 'H.264', avc3: 'H.264', hvc1: 'H.265', hev1: 'H.265', dvh1: 'Dolby Vision', dvhe: 'Dolby Vision',
  av01: 'AV1', vp09: 'VP9', vp08: 'VP8', mp4a: 'AAC', 'ac-3': 'AC-3', 'ec-3': 'E-AC-3', 'ac-4': 'AC-4',
  'mp4a.6B': 'MP3', 'mp4a.69': 'MP3', 'mp4a.40.42': 'xHE-AAC', mha1: 'MPEG-H', mhm1: 'MPEG-H', iamf: 'IAMF',
  opus: 'Opus', fLaC: 'FLAC', alac: 'ALAC',
  wvtt: 'WebVTT', stpp: 'TTML', tx3g: 'timed text',
};

/** The common name of a codec, from its RFC 6381 codec string. */
export function codecName(codecString) {
  const fourcc = codecString.split('.')[0];
  return CODECS[codecString] ?? CODECS[fourcc] ?? CODECS[fourcc.toLowerCase()] ?? fourcc;
}

/** The name of an input content: its file name, or the ID of a record that cannot be read. */
export function contentName(content) {
  return content.status === 'Unreadable' ? content.input_content_id : fileName(content.input_content_origin);
}

/** The summary of an input content: duration, resolution, codecs, size, date. */
export function contentSummary(content) {
  const video = content.tracks?.find((track) => track.type === 'video');
  const audio = content.tracks?.find((track) => track.type === 'audio');
  return [
    content.container && timecode(content.container.duration / content.container.timescale),
    video?.width && `${video.width} × ${video.height}`,
    [video, audio].filter(Boolean).map((track) => codecName(track.codec)).join(' + '),
    content.bytes !== undefined && bytes(content.bytes),
    content.created_at && dateTime(content.created_at),
  ].filter(Boolean);
}

/** The title of a package: its encryption. */
export function packageTitle(pkg) {
  if (pkg.status === 'Unreadable') return pkg.packaged_content_id;
  if (pkg.scheme === 'clear') return 'Clear (not encrypted)';
  const tracks = pkg.audio_only ? 'audio' : pkg.encrypt === 'all' ? 'video and audio' : 'video';
  return `Encrypted ${tracks} (${pkg.scheme})`;
}

/** Whether the API packages a content: with any options, or only with those that `packageable_with` lists. */
export function isPackageable(content) {
  return content.status === 'Ingested' || content.packageable_with?.length > 0;
}

export const STAGES = ['Ingested', 'Fragmented', 'Encrypted', 'Ready'];

const PACKAGE_STATUSES = {
  Queued: 'Queued for planning',
  Fragmented: 'Writing segments',
  Encrypted: 'Writing manifests',
  Ready: 'Ready to play',
  Failed: 'Failed',
  Deleting: 'Deleting',
  Unreadable: 'The record cannot be read',
};

/** Whether a package has the segments that viewers requested, and no work is in progress. */
export function isOnDemand(pkg) {
  return pkg.when === 'on-demand' && pkg.playable === true && pkg.status === 'Fragmented';
}

/** The status of a package, described. */
export function packageStatus(pkg) {
  if (isOnDemand(pkg)) return 'Ready to play, segments on demand';
  return PACKAGE_STATUSES[pkg.status] ?? pkg.status;
}
