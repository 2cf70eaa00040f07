// The platform's API: one function for each call, and one kind of error.

import { token } from './session.js';

/** What the API did not do, and why: the problem it answered (RFC 9457), or that it did not answer. */
export class Problem extends Error {
  constructor(status, problem = {}) {
    super(problem.detail ?? problem.title ?? `The platform answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'unreachable' : `status_${status}`);
    this.field = problem.field;
    this.problem = problem;
  }

  /** Whether whoever asked has to sign in (again). */
  get isSignIn() {
    return this.status === 401;
  }

  /** Whether trying again may help. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Calls the API. `body` is sent as JSON. Answers what came back, or throws a `Problem`. */
export async function call(method, path, body, signal) {
  const headers = { Accept: 'application/json' };
  const bearer = token();
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { detail: 'The platform cannot be reached. Is the network there?' });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
}

const id = encodeURIComponent;

export const contents = (parameters, signal) => call('GET', `input_content${query(parameters)}`, undefined, signal);
export const content = (own, signal) => call('GET', `input_content/${id(own)}`, undefined, signal);
export const deleteContent = (own) => call('DELETE', `input_content/${id(own)}`);

export const packages = (parameters, signal) => call('GET', `packaged_content${query(parameters)}`, undefined, signal);
export const getPackage = (own, signal) => call('GET', `packaged_content/${id(own)}`, undefined, signal);
export const createPackage = (request) => call('POST', 'packaged_content', request);
export const retryPackage = (own) => call('POST', `packaged_content/${id(own)}/retry`);
export const deletePackage = (own) => call('DELETE', `packaged_content/${id(own)}`);
export const playbackToken = (own) => call('POST', `packaged_content/${id(own)}/playback_tokens`);

export const createUpload = (name, bytes) => call('POST', 'uploads', { name, bytes });
export const upload = (own, from = 1) => call('GET', `uploads/${id(own)}${query({ from, limit: 100 })}`);
export const completeUpload = (own) => call('POST', `uploads/${id(own)}/complete`);
export const abortUpload = (own) => call('DELETE', `uploads/${id(own)}`);
