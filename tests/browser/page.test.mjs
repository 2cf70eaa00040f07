// The platform's own page, as its users use it: by name and role of what they see, on a stack that knows nothing of being tested.
//
// A picture of every state is written to target/screenshots, in light and in dark, for a person to look at.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { browser } from './browser.mjs';
import { PATIENCE, api, eventually, stack } from './stack.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const PICTURES = path.join(ROOT, 'target', 'screenshots');
const SAMPLE = path.join(ROOT, 'tests', 'media', 'sample.mp4');
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let chromium;
let page;
let scratch;
/** What the browser had to complain of: a policy that was broken, a script that failed. */
let complaints;

before(async () => {
  fs.mkdirSync(PICTURES, { recursive: true });
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'vpp-page-'));
  chromium = await browser({ permissions: ['clipboard-read', 'clipboard-write'] });
});

after(async () => {
  await chromium?.close();
  if (scratch) fs.rmSync(scratch, { recursive: true, force: true });
});

/** A new tab at the page, where nobody is signed in. */
async function open() {
  await page?.close({ runBeforeUnload: false });
  page = await chromium.context.newPage();
  page.setDefaultTimeout(PATIENCE);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (line) => {
    if (line.type() === 'error' && /Content Security Policy|Uncaught/.test(line.text())) complaints.push(line.text());
  });
  await page.goto(`${stack.api_url}/`);
}

/** A new tab, signed in. */
async function signedIn(token = stack.operator_token) {
  await open();
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Drop a movie here' }).waitFor();
}

/** Pictures of what is shown, in light and in dark; axe-core finds nothing serious in either. */
async function look(name) {
  await page.evaluate(AXE);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const found = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
    const told = found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html} ${any[0]?.message ?? ''}`).join('; ')}`);
    assert.deepEqual(told, [], `${name}, ${colorScheme}`);
    await page.screenshot({ path: path.join(PICTURES, `${name}-${colorScheme}.png`), fullPage: !(await page.getByRole('dialog').count()) });
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' });
  assert.deepEqual(complaints, [], name);
}

/** A copy of a file under another name, so that it is another movie. */
function copyOf(file, name) {
  const copy = path.join(scratch, name);
  fs.copyFileSync(file, copy);
  return copy;
}

async function upload(file) {
  await page.getByLabel('Choose a file').setInputFiles(file);
}

function card(name) {
  return page.getByRole('list', { name: 'Uploads' }).getByRole('listitem').filter({ hasText: name });
}

test(async function a_wrong_token_is_explained() {
  await open();
  await look('sign-in');
  await page.getByLabel('Token', { exact: true }).fill('no such token, however long it may be');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'not known to the platform' }).waitFor();
  await look('sign-in-wrong');
  assert.equal(await page.evaluate(() => sessionStorage.getItem('token')), null);
});

test(async function a_movie_is_dropped_becomes_ready_and_plays() {
  await signedIn();
  await look('library');
  await upload(copyOf(SAMPLE, 'a day at the sea.mp4'));
  const follow = card('a day at the sea.mp4').getByRole('link', { name: 'See what becomes of it' });
  await follow.waitFor();
  await look('uploaded');
  await follow.click();
  await page.getByRole('heading', { name: 'a day at the sea.mp4' }).waitFor();
  const ready = page.getByRole('list', { name: 'Packages' }).getByRole('listitem').filter({ hasText: 'Ready' }).first();
  const play = page.getByRole('button', { name: 'Play', exact: true });
  await play.waitFor();
  await look('ready');

  await ready.getByRole('button', { name: /DASH address/ }).click();
  await ready.getByText('Copied').waitFor();
  // Chromium hands the text to the clipboard's own process, and has it back from there a moment later.
  await page.waitForFunction(async (delivery) => {
    const copied = await navigator.clipboard.readText();
    return copied.startsWith(delivery) && copied.endsWith('/stream.mpd');
  }, stack.delivery_url, { timeout: PATIENCE });

  await play.click();
  await page.waitForFunction(() => {
    const video = document.querySelector('video');
    return video?.currentTime > 2 && video.getVideoPlaybackQuality().totalVideoFrames > 24;
  }, null, { timeout: PATIENCE });
  await page.evaluate(() => document.querySelector('video').pause());
  await look('playing');

  await page.getByRole('link', { name: 'All movies' }).click();
  await page.getByRole('link', { name: /a day at the sea\.mp4.*Ready/ }).waitFor();
  await look('library-with-movies');
});

test(async function a_refused_file_is_explained() {
  await signedIn();
  const text = path.join(scratch, 'not a movie.mp4');
  fs.writeFileSync(text, 'This is a letter, and not a movie at all.\n'.repeat(100));
  await upload(text);
  await card('not a movie.mp4').getByRole('link', { name: 'See what becomes of it' }).click();
  await page.getByText('This is not an MP4 movie').waitFor();
  await page.getByText('Convert it to MP4').waitFor();
  await look('refused');
});

test(async function a_movie_is_packaged_again_with_options_and_a_package_is_deleted() {
  await signedIn();
  await upload(copyOf(SAMPLE, 'the second cut.mp4'));
  await card('the second cut.mp4').getByRole('link', { name: 'See what becomes of it' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Package again' }).click();
  const dialog = page.getByRole('dialog', { name: 'Package again' });
  await dialog.getByLabel('Seconds in a segment').fill('99');
  await look('request');
  await dialog.getByRole('button', { name: 'Package it' }).click();
  await dialog.getByRole('alert').getByText('1 to 60 seconds').waitFor();
  assert.equal(await dialog.getByLabel('Seconds in a segment').getAttribute('aria-invalid'), 'true');
  await look('request-refused');
  await dialog.getByLabel('Seconds in a segment').fill('3');
  await dialog.getByRole('radio', { name: /^Clear/ }).check();
  await dialog.getByLabel('One for each track').check();
  await dialog.getByRole('button', { name: 'Package it' }).click();
  const clear = page.getByRole('list', { name: 'Packages' }).locator(':scope > li').filter({ hasText: 'Clear, not encrypted' });
  await clear.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await look('two-packages');

  await clear.getByRole('button', { name: 'Delete' }).click();
  const sure = page.getByRole('dialog', { name: 'Delete this package?' });
  await sure.waitFor();
  await look('delete');
  await page.keyboard.press('Escape');
  await sure.waitFor({ state: 'detached' });
  await clear.getByRole('button', { name: 'Delete' }).click();
  await sure.getByRole('button', { name: 'Delete the package' }).click();
  await clear.waitFor({ state: 'detached' });
});

/** The sample movie with a box of nothing behind it, so that it is uploaded in parts. */
function largeMovie(name) {
  const file = copyOf(SAMPLE, name);
  const box = Buffer.alloc(8);
  box.writeUInt32BE(LARGE);
  box.write('free', 4);
  fs.appendFileSync(file, box);
  fs.truncateSync(file, fs.statSync(file).size + LARGE - 8);
  return file;
}
const LARGE = 160 * 1024 * 1024;

/** Lets so many bytes a second leave the page. */
async function throttle(bytes) {
  const session = await chromium.context.newCDPSession(page);
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes };
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', conditions);
}

/** The parts that were sent whole, in order. */
function sentParts() {
  const parts = [];
  page.on('requestfinished', (request) => {
    if (request.method() === 'PUT') parts.push(new URL(request.url()).searchParams.get('partNumber'));
  });
  return parts;
}

/** The upload is whole, and what it became plays. */
async function assertArrives(name, size) {
  await card(name).getByRole('link', { name: 'See what becomes of it' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  const id = decodeURIComponent(new URL(page.url()).hash.split('/').pop());
  const { bytes } = await api('GET', `/input_content/${id}`);
  assert.equal(bytes, size);
}

test(async function an_upload_is_paused_resumed_and_outlives_the_page() {
  await signedIn();
  const file = largeMovie('a long winter.mp4');
  const sent = sentParts();
  await throttle(20 * 1024 * 1024);
  await upload(file);
  const own = card('a long winter.mp4');
  await eventually('a part to arrive', () => sent.length > 0);
  await look('uploading');
  await own.getByRole('button', { name: 'Pause' }).click();
  await own.getByText('Paused').waitFor();
  const before = [...sent];
  await look('paused');

  await own.getByRole('button', { name: 'Resume' }).click();
  await eventually('another part to arrive', () => sent.length > before.length);
  await page.reload();
  await page.getByText('The page was closed before').waitFor();
  const beforeReload = [...sent];
  await look('unfinished');

  const wrong = card('a long winter.mp4').getByLabel('Choose it and go on');
  await wrong.setInputFiles(SAMPLE);
  await page.getByText('This is not the file that the upload was begun with').waitFor();
  await wrong.setInputFiles(file);
  await card('a long winter.mp4').getByText('Uploaded', { exact: true }).waitFor();
  assert.equal(new Set(sent).size, sent.length, `no part was sent twice: ${sent}`);
  assert.ok(beforeReload.length >= 2 && sent.length > beforeReload.length, `${sent}`);
  await assertArrives('a long winter.mp4', fs.statSync(file).size);
});

test(async function what_failed_is_explained_and_retried() {
  await signedIn();
  const names = ['ladder-low.mp4', 'ladder-off.mp4'];
  for (const name of names) await upload(path.join(ROOT, 'tests', 'media', 'made', name));
  for (const name of names) await card(name).getByText('Uploaded', { exact: true }).waitFor();
  await card('ladder-low.mp4').getByRole('link', { name: 'See what becomes of it' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Package again' }).click();
  const dialog = page.getByRole('dialog', { name: 'Package again' });
  await dialog.getByText('Further movies').click();
  await dialog.getByLabel('ladder-off.mp4').first().check();
  await look('request-ladder');
  await dialog.getByRole('button', { name: 'Package it' }).click();
  const failed = page.getByRole('list', { name: 'Packages' }).locator(':scope > li').filter({ hasText: 'The movies do not match' });
  await failed.waitFor();
  await look('failed');
  const retried = page.waitForResponse((answer) => answer.url().endsWith('/retry'));
  await failed.getByRole('button', { name: 'Retry' }).click();
  assert.ok((await retried).ok());
  await failed.waitFor();
});

test(async function a_reader_is_told_what_an_operator_may_do() {
  await signedIn(stack.reader_token);
  await upload(copyOf(SAMPLE, 'not mine.mp4'));
  await card('not mine.mp4').getByText('Sign in as an operator').waitFor();
  await look('reader');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});
