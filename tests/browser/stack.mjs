// The platform under test, as its users reach it: `python3 -m infra.local browser` starts it and says where it is.

import assert from 'node:assert/strict';
import http from 'node:http';

const STACK = process.env.VPP_STACK;
assert.ok(STACK, 'run these with: python3 -m infra.local browser');

/** What the stack says of itself: addresses, names, and the movies that were uploaded for the tests. */
export const stack = JSON.parse(STACK);

/** How long anything awaited may take, in milliseconds. Generous: a busy machine is no failure. */
export const PATIENCE = 120_000;

/** Every name of the stack is this machine, which the machine's own resolver need not know. */
const lookup = (_name, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));

/** One request; answers status, headers and body. */
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

/** Calls the API as an operator. Answers what it says, which must be a success. */
export async function api(method, path, body) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${stack.operator_token}` };
  const answer = await send(method, `${stack.api_url}${path}`, { headers, body: body && JSON.stringify(body) });
  const text = answer.body.toString();
  assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Looks until there is something to see. */
export async function eventually(what, look) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(performance.now() < end, `waited in vain for ${what}`);
    await new Promise((resume) => setTimeout(resume, 200));
  }
}

/** The content that one of the tests' movies has become. */
export async function content(name) {
  const origin = stack.movies[name];
  assert.ok(origin, `no movie ${name}`);
  return eventually(`the verdict on ${name}`, async () => {
    const { input_content: listed } = await api('GET', '/input_content?limit=100');
    return listed.find((own) => own.input_content_origin === origin);
  });
}

/** A package of a movie with these options, when it is Ready. */
export async function packaged(name, options) {
  const { input_content_id } = await content(name);
  const { packaged_content_id: id } = await api('POST', '/packaged_content', { input_content_id, ...options });
  return eventually(`a package of ${name} to be Ready`, async () => {
    const own = await api('GET', `/packaged_content/${id}`);
    assert.notEqual(own.status, 'Failed', JSON.stringify(own.failure));
    return own.status === 'Ready' && own;
  });
}

/** Where players find a package, and what they show for its keys. */
export function leaveToPlay(own) {
  return own.private || own.kid ? playbackToken(own) : own;
}

/** A token to play a package with. */
export function playbackToken(own, body) {
  return api('POST', `/packaged_content/${own.packaged_content_id}/playback_tokens`, body);
}
