// What codes mean, in words. The platform's own message says what and where; these say what it means and what to do.

/** Why a file cannot be packaged, or a package failed. */
const REFUSALS = {
  empty_file: ['The file is empty', 'Upload it again.'],
  not_mp4: ['This is not an MP4 movie', 'Convert it to MP4 and upload that.'],
  moov_missing: ['The movie has no index', 'The recording or upload was cut off. Finish the recording, or repair the file.'],
  moov_too_large: ['The movie’s index is too large', 'Split the movie.'],
  truncated_index: ['The file is cut off', 'Upload the whole file.'],
  truncated_media: ['The file is cut off', 'Upload the whole file.'],
  malformed: ['The file breaks the rules of its format', 'Remux it: copy its tracks into a new MP4, without encoding.'],
  malformed_sample: ['A picture in the movie cannot be read', 'Encode the movie again.'],
  malformed_subtitles: ['The subtitle file cannot be read', 'Correct the line it names, or convert the file to WebVTT.'],
  no_video: ['There is no picture in this file', 'Upload a movie with video, or package the sound alone.'],
  no_media: ['There is neither picture nor sound in this file', 'Upload a movie.'],
  already_encrypted: ['The movie is encrypted already', 'Upload the clear original.'],
  unsupported_codec: ['The movie is in a codec that is not supported', 'Encode it as H.264 or H.265 with AAC sound.'],
  scheme_undefined: ['No standard says how to encrypt this codec this way', 'Package it with the scheme cenc, or clear.'],
  inputs_misaligned: ['The movies do not match', 'Encode all of them with key pictures at the same fixed distance.'],
  unsupported_feature: ['The movie uses something that is not supported', 'Remux it, or encode it without.'],
  limit_exceeded: ['The movie is beyond a limit', 'See what it says, and split or encode the movie accordingly.'],
  probe_failed: ['The movie could not be examined', 'Remux it: copy its tracks into a new MP4, without encoding.'],
  ingest_failed: ['The movie could not be judged', 'This is no fault of the file. Upload it again when the service works.'],
  source_missing: ['The uploaded file was deleted before it was packaged', 'Upload it again.'],
  source_changed: ['The uploaded file was replaced while it was read', 'Package the new one.'],
  source_mismatch: ['The bytes read are not those that were planned', 'Upload the file again.'],
  different_bytes: ['Something else lies where the stream was to be written', 'Find out who wrote it, remove it, and retry.'],
  upload_expired: ['Writing the stream took too long', 'Retry.'],
  bad_plan: ['The stored plan cannot be read', 'Retry, or package the movie again.'],
  retries_exhausted: ['A step was tried again and again and never succeeded', 'Look into the log of that step, then retry.'],
};

export function refusal(code) {
  const [title, action] = REFUSALS[code] ?? ['It did not work', 'See what it says.'];
  return { title, action };
}

/** What the API did not do. */
const PROBLEMS = {
  unreachable: 'The platform cannot be reached. Is the network there?',
  unavailable: 'The platform is busy or out of order. Try again in a moment.',
  playback_token_invalid: 'This token is not valid, or is over. Sign in with another.',
  role_insufficient: 'This token may look but not change anything. Sign in as an operator to do this.',
};

/** What the platform says, as a sentence: its messages begin small and end without a stop, for logs. */
export function sentence(text) {
  if (!text) return text;
  const begun = text[0].toUpperCase() + text.slice(1);
  return /[.!?:]$|\n/.test(begun) ? begun : `${begun}.`;
}

/** An error, in a sentence. */
export function inWords(error) {
  if (error.status === 401) return 'This token is not known to the platform, or is over.';
  return PROBLEMS[error.code] ?? sentence(error.message);
}

/** Warnings of a movie that can be packaged and may still make a poor stream. */
const WARNINGS = {
  long_groups: 'Key pictures are far apart',
  open_groups: 'Open groups of pictures',
  variable_frame_rate: 'Variable frame rate',
  parameter_sets_in_band: 'Parameter sets within the pictures',
  parameters_change: 'The codec’s parameters change on the way',
  trimmed_start: 'Cut between key pictures',
  trimmed_end: 'Media behind the end of the edit',
  unequal_tracks: 'Picture and sound are of different length',
  track_left_out: 'A track is left out',
  cbcs_undefined: 'No cbcs for this codec',
  poor_interleaving: 'Scattered media',
  no_faststart: 'Index at the end',
};

export function warning(code) {
  return WARNINGS[code] ?? code;
}

/** A codec string as people call it. */
export function codec(string) {
  const names = {
    avc1: 'H.264', avc3: 'H.264', hvc1: 'H.265', hev1: 'H.265', dvh1: 'Dolby Vision', dvhe: 'Dolby Vision',
    av01: 'AV1', vp09: 'VP9', vp08: 'VP8', mp4a: 'AAC', 'ac-3': 'AC-3', 'ec-3': 'E-AC-3', opus: 'Opus', fLaC: 'FLAC',
    wvtt: 'WebVTT', stpp: 'TTML', tx3g: 'timed text',
  };
  const fourcc = string.split('.')[0];
  return names[fourcc] ?? names[fourcc.toLowerCase()] ?? fourcc;
}

/** What a package was asked to be, on one line. */
export function packageTitle(own) {
  if (own.scheme === 'clear') return 'Clear, not encrypted';
  const what = own.audio_only ? 'sound' : own.encrypt === 'all' ? 'picture and sound' : 'picture';
  return `Encrypted ${what} (${own.scheme})`;
}

export const STAGES = ['Ingested', 'Fragmented', 'Encrypted', 'Ready'];

/** Where a package is, in words for who cannot see the steps. */
export function stageInWords(own) {
  switch (own.status) {
    case 'Queued': return 'Waiting to be planned';
    case 'Fragmented': return 'Planned, segments are being written';
    case 'Encrypted': return 'All segments are written, manifests follow';
    case 'Ready': return 'Ready to play';
    case 'Failed': return 'Failed';
    case 'Deleting': return 'Being deleted';
    default: return own.status;
  }
}
