// Display text of error codes. The platform's message names the cause and its place; this text names the problem and the action.

/** Refusals of an upload and failures of a package: title and action by code. */
const FAILURES = {
  unreadable_record: ['Unreadable record', 'Upgrade the platform to the version that wrote the record, or delete it.'],
  empty_file: ['The file is empty', 'Upload it again.'],
  not_mp4: ['Not an MP4 file', 'Convert the file to MP4 and upload it again.'],
  moov_missing: ['The movie box (moov) is missing', 'The file is incomplete. Repair it with the software that made it, or export it again.'],
  moov_too_large: ['The movie box (moov) is too large', 'Split the file.'],
  truncated_index: ['The file is truncated', 'If the original has as many bytes, it is incomplete. Export or copy it again.'],
  truncated_media: ['The file is truncated', 'If the original has as many bytes, it is incomplete. Export or copy it again.'],
  second_moov: ['Several movies in one file', 'Remux them into one movie, or upload each as a file.'],
  malformed: ['The file is malformed', 'Remux the file: copy its tracks into a new MP4 file without re-encoding.'],
  malformed_sample: ['A video frame is malformed', 'Re-encode the file.'],
  malformed_subtitles: ['The subtitle file is malformed', 'Correct the line in the message.'],
  no_video: ['No video track', 'Upload a file with video, or package audio only.'],
  no_media: ['No video or audio track', 'Upload a file with video or audio.'],
  no_samples: ['The tracks have no samples', 'Join an init segment and its media segments into one file, or record again.'],
  already_encrypted: ['The file is already encrypted', 'Upload the unencrypted original.'],
  unsupported_codec: ['Unsupported codec', 'Re-encode the file with H.264 or H.265 video and AAC audio, or leave the track out of the package if other tracks can be packaged.'],
  scheme_undefined: ['Encryption scheme not defined for this codec', 'Select the scheme cenc, or Clear.'],
  inputs_misaligned: ['The inputs are not aligned', 'Encode all inputs with the same fixed key frame interval.'],
  unsupported_feature: ['Unsupported feature', 'Remux the file, or re-encode it without this feature.'],
  limit_exceeded: ['Limit exceeded', 'Split or re-encode the file to stay within the limit in the message.'],
  probe_failed: ['The media probe failed', 'Remux the file: copy its tracks into a new MP4 file without re-encoding.'],
  ingest_failed: ['Ingest failed', 'The file is not the cause. Upload it again when the service is available.'],
  source_missing: ['The source file was deleted', 'Upload it again.'],
  source_changed: ['The source file was replaced during packaging', 'Package the new file.'],
  source_mismatch: ['The source file does not match the plan', 'Upload the file again.'],
  different_bytes: ['An output object exists with different content', 'Identify its origin, remove the object, and retry.'],
  upload_expired: ['A multipart upload of the output expired', 'Retry.'],
  missing_revision: ['The latest edit is missing', 'Send the edit again, or bring back an earlier revision.'],
  out_of_range: ['A number in the file is too large', 'Remux the file: copy its tracks into a new file without re-encoding.'],
  bad_plan: ['The stored plan is not readable', 'Retry, or create the package again.'],
  retries_exhausted: ['Retries exhausted', 'Check the log of the failed stage, and retry.'],
};

export function failureText(code) {
  const [title, action] = FAILURES[code] ?? ['Failed', 'See the message.'];
  return { title, action };
}

/** API errors by code. */
const PROBLEMS = {
  unreachable: 'Cannot reach the service. Check your network connection.',
  unavailable: 'The service is temporarily unavailable. Try again later.',
  playback_token_invalid: 'Invalid or expired playback token.',
  role_insufficient: 'Operator role required. Sign in with an operator token.',
};

/** The text of an error. */
export function errorText(error) {
  if (error.status === 401) return 'Invalid or expired token.';
  return PROBLEMS[error.code] ?? sentence(error.message);
}

/** A message of the platform as a sentence. Messages begin in lower case and end without a full stop, for logs. */
export function sentence(text) {
  if (!text) return text;
  const capitalized = text[0].toUpperCase() + text.slice(1);
  return /[.!?:]$|\n/.test(capitalized) ? capitalized : `${capitalized}.`;
}
