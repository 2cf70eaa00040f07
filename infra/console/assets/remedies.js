// What can be done about a refusal or a failure: other options of a package, each as a label and the fields of a request.

/** @typedef {{ label: string, requests: Api.PackageRequest[] }} Remedy */

/** Failures that follow from the file and the options, so that a retry fails as well. */
const PERMANENT = new Set([
  'scheme_undefined', 'inputs_misaligned', 'unsupported_codec', 'unsupported_feature', 'no_video', 'no_media', 'no_samples',
  'already_encrypted', 'out_of_range', 'malformed', 'malformed_sample', 'malformed_subtitles', 'limit_exceeded',
]);

/** Whether a retry of a failed package may succeed. */
export function canRetry(code) {
  return !PERMANENT.has(code);
}

/**
 * The label of the options with which a refused file can be packaged.
 *
 * @param {NonNullable<Api.Schemas['Content']['packageable_with']>[number]} options
 */
export function optionsLabel({ audio_only: audioOnly, unsupported }) {
  const leavesOut = unsupported === 'leave_out';
  if (audioOnly) return leavesOut ? 'Package as audio, without unsupported tracks' : 'Package as audio';
  return leavesOut ? 'Package without unsupported tracks' : 'Package';
}

/** The remedies of a refused content. @returns {Remedy[]} */
export function remediesOfContent(content) {
  const ways = content.packageable_with ?? [];
  return ways.map((options) => ({ label: optionsLabel(options), requests: [{ input_content_id: content.input_content_id, ...options }] }));
}

/**
 * The remedies of a failed package.
 *
 * @param {Api.Schemas['Package']} pkg
 * @returns {Remedy[]}
 */
export function remediesOfPackage(pkg) {
  const options = requestOptions(pkg);
  const inputs = pkg.input_content_ids ? { input_content_ids: pkg.input_content_ids } : { input_content_id: pkg.input_content_id };
  switch (pkg.failure?.code) {
    case 'scheme_undefined':
      return [
        { label: 'Package with cenc', requests: [{ ...inputs, ...options, scheme: 'cenc' }] },
        { label: 'Package without encryption', requests: [{ ...inputs, ...options, encrypt: undefined, scheme: 'clear' }] },
      ];
    case 'inputs_misaligned':
      return [{ label: 'Package each input alone', requests: (pkg.input_content_ids ?? []).map((id) => ({ input_content_id: id, ...options })) }];
    case 'unsupported_codec':
    case 'unsupported_feature':
      return [{ label: 'Package without unsupported tracks', requests: [{ ...inputs, ...options, unsupported: 'leave_out' }] }];
    case 'no_video':
      return [{ label: 'Package as audio', requests: [{ ...inputs, ...options, encrypt: undefined, audio_only: true }] }];
    default:
      return [];
  }
}

/** The options of a package as fields of a request, with generated keys. @param {Api.Schemas['Package']} pkg */
function requestOptions(pkg) {
  return {
    scheme: pkg.scheme,
    encrypt: pkg.encrypt === 'none' ? undefined : pkg.encrypt,
    audio_only: pkg.audio_only || undefined,
    unsupported: pkg.unsupported,
    segment_seconds: Number.isInteger(pkg.segment_seconds) ? pkg.segment_seconds : undefined,
    layout: pkg.layout,
    subtitles: pkg.subtitles?.map(({ input_content_id: id, language, label, kind }) => ({
      input_content_id: id, language, label, kind: /** @type {'subtitles' | 'captions' | 'forced'} */ (kind),
    })),
  };
}
