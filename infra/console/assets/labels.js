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
  nothing_to_encrypt: 'Nothing to encrypt',
  subtitle_encoding_guessed: 'Encoding guessed',
  subtitles_simplified: 'Subtitles simplified',
  subtitle_cues_dropped: 'Cues left out',
  timestamp_map_applied: 'Timestamp map applied',
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

/** The name of an input content: its file name, or the ID of a record that cannot be read. @param {Api.Content} content */
export function contentName(content) {
  return content.status === 'Unreadable' ? content.input_content_id : fileName(content.input_content_origin);
}

/** Whether an input content is a subtitle file. @param {Api.Content} content */
export function isSubtitles(content) {
  return content.status !== 'Unreadable' && content.media === 'subtitles';
}

/** The summary of an input content: duration, resolution, codecs, size, date. @param {Api.Content} content */
export function contentSummary(content) {
  if (content.status === 'Unreadable') return content.created_at ? [dateTime(content.created_at)] : [];
  const video = content.tracks?.find((track) => track.type === 'video');
  const audio = content.tracks?.find((track) => track.type === 'audio');
  return [
    content.container && timecode(content.container.duration / content.container.timescale),
    video?.width && `${video.width} × ${video.height}`,
    [video, audio].flatMap((track) => (track ? [codecName(track.codec)] : [])).join(' + '),
    content.format && SUBTITLE_FORMATS[content.format],
    bytes(content.bytes),
    dateTime(content.created_at),
  ].filter(Boolean);
}

const SUBTITLE_FORMATS = { webvtt: 'WebVTT', srt: 'SubRip (SRT)', ttml: 'TTML', scc: 'SCC' };

/** The title of a package: its encryption, and what distinguishes it from the usual package of one file. @param {Api.Package} pkg */
export function packageTitle(pkg) {
  if (pkg.status === 'Unreadable') return pkg.packaged_content_id;
  const [inputs, subtitles] = [pkg.input_content_ids?.length ?? 1, pkg.subtitles?.length ?? 0];
  return [
    encryptionTitle(pkg),
    pkg.audio_only && 'audio only',
    inputs > 1 && `${inputs} inputs`,
    subtitles > 0 && (subtitles === 1 ? '1 subtitle file' : `${subtitles} subtitle files`),
    pkg.layout === 'single-file' && 'single files',
  ].filter(Boolean).join(' · ');
}

/** @param {Api.Schemas['Package']} pkg */
function encryptionTitle(pkg) {
  if (pkg.scheme === 'clear') return 'Clear (not encrypted)';
  const tracks = pkg.audio_only ? 'audio' : pkg.encrypt === 'all' ? 'video and audio' : 'video';
  return `Encrypted ${tracks} (${pkg.scheme})`;
}

/** Whether the API packages a content as a movie: with any options, or only with those of `packageable_with`. @param {Api.Content} content */
export function isPackageable(content) {
  if (content.status === 'Unreadable' || isSubtitles(content)) return false;
  return content.status === 'Ingested' || (content.packageable_with ?? []).length > 0;
}

/** The names of the stages of a package. Nothing is encrypted in a clear one. @param {Api.Schemas['Package']} pkg */
export function stageNames(pkg) {
  return ['Ingested', 'Fragmented', pkg.scheme === 'clear' ? 'Written' : 'Encrypted', 'Ready'];
}

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

/** The status of a package, described. @param {Api.Package} pkg */
export function packageStatus(pkg) {
  if (isOnDemand(pkg)) return 'Ready to play, segments on demand';
  return PACKAGE_STATUSES[pkg.status] ?? pkg.status;
}
