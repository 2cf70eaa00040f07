// The stack under test. `python3 -m infra.local browser` starts it and passes its description in VPP_STACK.

import assert from 'node:assert/strict';
import http from 'node:http';

const STACK = process.env.VPP_STACK;
assert.ok(STACK, 'run these with: python3 -m infra.local browser');

/** The description of the stack: URLs, resource names, and the movies that were uploaded for the tests. */
export const stack = JSON.parse(STACK);

/** Timeout of every wait, in milliseconds. Long, so that tests pass on a busy machine. */
export const TIMEOUT = 120_000;

/** Resolves every host name of the stack to this machine, because the system resolver may not. */
const lookup = (_name, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));

/** Sends an HTTP request. Returns status, headers and body. */
export function send(method, url, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, lookup }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Calls the API as an operator and asserts success. Returns the response body. */
export async function api(method, path, body) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${stack.operator_token}` };
  const response = await send(method, `${stack.api_url}${path}`, { headers, body: body && JSON.stringify(body) });
  const text = response.body.toString();
  assert.ok(response.status >= 200 && response.status < 300, `${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Polls until `look` returns a truthy value, and returns it. */
export async function eventually(what, look) {
  const end = performance.now() + TIMEOUT;
  for (;;) {
    const result = await look();
    if (result) return result;
    assert.ok(performance.now() < end, `timed out waiting for ${what}`);
    await new Promise((resume) => setTimeout(resume, 200));
  }
}

/** The input content of one of the tests' movies. */
export async function content(name) {
  const origin = stack.movies[name];
  assert.ok(origin, `no movie ${name}`);
  return eventually(`the ingest of ${name}`, async () => {
    const { input_content: listed } = await api('GET', '/input_content?limit=100');
    return listed.find((item) => item.input_content_origin === origin);
  });
}

/** Creates a package of a movie and waits until it is Ready. */
export async function packaged(name, options) {
  const { input_content_id } = await content(name);
  const { packaged_content_id: id } = await api('POST', '/packaged_content', { input_content_id, ...options });
  return eventually(`a package of ${name} to be Ready`, async () => {
    const pkg = await api('GET', `/packaged_content/${id}`);
    assert.notEqual(pkg.status, 'Failed', JSON.stringify(pkg.failure));
    return pkg.status === 'Ready' && pkg;
  });
}

/** The URLs of a package, with a playback token if it is private or encrypted. */
export function playbackUrls(pkg) {
  return pkg.private || pkg.kid ? playbackToken(pkg) : pkg;
}

/** Requests a playback token for a package. */
export function playbackToken(pkg, body) {
  return api('POST', `/packaged_content/${pkg.packaged_content_id}/playback_tokens`, body);
}
