// Client of the platform's HTTP API: one function per operation, one error type.

import { token } from './session.js';

/** A failed API call: the API's problem document (RFC 9457), or status 0 if the API did not respond. */
export class Problem extends Error {
  /** @param {number} status @param {Partial<Api.Schemas['Problem']>} problem */
  constructor(status, problem = {}) {
    super(problem.detail ?? problem.title ?? `The API returned status ${status}.`);
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'unreachable' : `status_${status}`);
    this.field = problem.field;
    this.problem = problem;
  }

  /** Whether the caller must sign in. */
  get isUnauthorized() {
    return this.status === 401;
  }

  /** Whether a retry can succeed. */
  get isTransient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Calls the API with a JSON body, if any. Returns the response body, or throws a `Problem`.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function call(method, path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  const bearer = token();
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0);
  }
  const result = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, result);
  return result;
}

function query(parameters) {
  const present = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return present.length > 0 ? `?${new URLSearchParams(present.map(([name, value]) => [name, String(value)]))}` : '';
}

const segment = encodeURIComponent;

/** @type {(parameters: object, signal?: AbortSignal) => Promise<Api.ContentList>} */
export const listContents = (parameters, signal) => call('GET', `input_content${query(parameters)}`, undefined, signal);
/** @type {(id: string, signal?: AbortSignal) => Promise<Api.Content>} */
export const getContent = (id, signal) => call('GET', `input_content/${segment(id)}`, undefined, signal);
export const deleteContent = (id) => call('DELETE', `input_content/${segment(id)}`);

/** @type {(parameters: object, signal?: AbortSignal) => Promise<Api.PackageList>} */
export const listPackages = (parameters, signal) => call('GET', `packaged_content${query(parameters)}`, undefined, signal);
/** @type {(id: string, signal?: AbortSignal) => Promise<Api.Package>} */
export const getPackage = (id, signal) => call('GET', `packaged_content/${segment(id)}`, undefined, signal);
/** @type {(request: Api.PackageRequest) => Promise<Api.Schemas['Package']>} */
export const createPackage = (request) => call('POST', 'packaged_content', request);
export const packageAhead = (id) => call('POST', `packaged_content/${segment(id)}/ahead`);
export const retryPackage = (id) => call('POST', `packaged_content/${segment(id)}/retry`);
export const deletePackage = (id) => call('DELETE', `packaged_content/${segment(id)}`);
/** @type {(id: string) => Promise<Api.PlaybackToken>} */
export const createPlaybackToken = (id) => call('POST', `packaged_content/${segment(id)}/playback_tokens`);

/** @type {(name: string, bytes: number) => Promise<Api.Upload>} */
export const createUpload = (name, bytes) => call('POST', 'uploads', { name, bytes });
/** @type {(id: string, from?: number) => Promise<Api.Upload>} */
export const getUpload = (id, from = 1) => call('GET', `uploads/${segment(id)}${query({ from, limit: 100 })}`);
/** @type {(id: string) => Promise<Api.CompletedUpload>} */
export const completeUpload = (id) => call('POST', `uploads/${segment(id)}/complete`);
export const abortUpload = (id) => call('DELETE', `uploads/${segment(id)}`);
