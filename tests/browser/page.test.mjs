// Tests of the web console, through the accessible names and roles of its elements, against a deployed stack.
//
// Each test writes screenshots of the page's states to target/screenshots, in light and dark mode, for visual review.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { browser } from './browser.mjs';
import { TIMEOUT, api, eventually, stack } from './stack.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SCREENSHOTS = path.join(ROOT, 'target', 'screenshots');
const SAMPLE = path.join(ROOT, 'tests', 'media', 'sample.mp4');
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let chromium;
let page;
let scratch;
/** Browser errors: violations of the Content Security Policy, uncaught exceptions. */
let browserErrors;
/** All errors in the console, with the requests that failed. */
let consoleErrors;

before(async () => {
  fs.mkdirSync(SCREENSHOTS, { recursive: true });
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'vpp-page-'));
  chromium = await browser({ permissions: ['clipboard-read', 'clipboard-write'] });
});

after(async () => {
  await chromium?.close();
  if (scratch) fs.rmSync(scratch, { recursive: true, force: true });
});

/** Opens the page in a new tab, signed out. */
async function open() {
  await page?.close({ runBeforeUnload: false });
  page = await chromium.context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  [browserErrors, consoleErrors] = [[], []];
  page.on('pageerror', (error) => browserErrors.push(String(error)));
  page.on('console', (line) => {
    if (line.type() === 'error') consoleErrors.push(line.text());
    if (line.type() === 'error' && /Content Security Policy|Uncaught/.test(line.text())) browserErrors.push(line.text());
  });
  await page.goto(`${stack.api_url}/`);
}

/** Opens the page in a new tab and signs in. */
async function signedIn(token = stack.operator_token) {
  await open();
  await signIn(token);
}

async function signIn(token = stack.operator_token) {
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Drop video files here' }).waitFor();
}

/** Takes screenshots in light and dark mode, and asserts that axe-core finds no serious violation. */
async function checkAppearance(name) {
  await page.evaluate(AXE);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
    const findings = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html} ${any[0]?.message ?? ''}`).join('; ')}`);
    assert.deepEqual(findings, [], `${name}, ${colorScheme}`);
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${colorScheme}.png`), fullPage: !(await page.getByRole('dialog').count()) });
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' });
  assert.deepEqual(browserErrors, [], name);
}

/** Copies a file under another name. */
function copyOf(file, name) {
  const copy = path.join(scratch, name);
  fs.copyFileSync(file, copy);
  return copy;
}

async function upload(file) {
  await page.getByLabel('Choose files').setInputFiles(file);
}

function card(name) {
  return page.getByRole('list', { name: 'Uploads' }).getByRole('listitem').filter({ hasText: name });
}

test(async function an_invalid_token_is_rejected() {
  await open();
  await checkAppearance('sign-in');
  await page.getByLabel('Token', { exact: true }).fill('an invalid token of sufficient length');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'Invalid or expired token' }).waitFor();
  await checkAppearance('sign-in-wrong');
  assert.equal(await page.evaluate(() => sessionStorage.getItem('token')), null);
});

test(async function an_uploaded_video_becomes_ready_and_plays() {
  await signedIn();
  await checkAppearance('library');
  await upload(copyOf(SAMPLE, 'a day at the sea.mp4'));
  const progress = card('a day at the sea.mp4').getByRole('link', { name: 'View progress' });
  await progress.waitFor();
  await checkAppearance('uploaded');
  await progress.click();
  await page.getByRole('heading', { name: 'a day at the sea.mp4' }).waitFor();
  const ready = page.getByRole('list', { name: 'Packages' }).getByRole('listitem').filter({ hasText: 'Ready' }).first();
  const play = page.getByRole('button', { name: 'Play', exact: true });
  await play.waitFor();
  await checkAppearance('ready');

  await ready.getByRole('button', { name: /DASH URL/ }).click();
  await ready.getByText('Copied').waitFor();
  // Chromium's clipboard is asynchronous, so the text may not be readable immediately.
  await page.waitForFunction(async (delivery) => {
    const copied = await navigator.clipboard.readText();
    return copied.startsWith(delivery) && copied.endsWith('/stream.mpd');
  }, stack.delivery_url, { timeout: TIMEOUT });

  await play.click();
  await page.waitForFunction(() => {
    const video = document.querySelector('video');
    return video?.currentTime > 2 && video.getVideoPlaybackQuality().totalVideoFrames > 24;
  }, null, { timeout: TIMEOUT });
  await page.evaluate(() => document.querySelector('video').pause());
  await checkAppearance('playing');

  await page.getByRole('link', { name: 'All videos' }).click();
  await page.getByRole('link', { name: /a day at the sea\.mp4.*Ready/ }).waitFor();
  await checkAppearance('library-with-videos');
});

/** Counts the requests that upload something. */
function uploadRequests() {
  const requests = [];
  page.on('request', (request) => {
    if (request.method() === 'PUT' || (request.method() === 'POST' && request.url().includes('/uploads'))) requests.push(request.url());
  });
  return requests;
}

test(async function a_file_that_would_be_refused_is_not_sent_unless_its_owner_insists() {
  await signedIn();
  const requests = uploadRequests();
  const text = path.join(scratch, 'not a movie.mp4');
  fs.writeFileSync(text, 'This is a text file.\n'.repeat(100));
  await upload(text);
  const refused = card('not a movie.mp4');
  await refused.getByText('Not sent', { exact: true }).waitFor();
  await refused.getByText('Not an MP4 file', { exact: true }).waitFor();
  await checkAppearance('not-sent');
  assert.deepEqual(requests, [], 'nothing is sent');
  await refused.getByRole('button', { name: 'Upload anyway' }).click();
  await refused.getByText('Refused', { exact: true }).waitFor();
  assert.ok(requests.length >= 2, `${requests}`);
  await refused.getByRole('link', { name: 'View progress' }).click();
  await page.getByText('Not an MP4 file', { exact: true }).waitFor();
  await page.getByText('Convert the file to MP4').waitFor();
  await checkAppearance('refused');
  await page.goBack();
  await refused.getByRole('button', { name: 'Dismiss' }).click();
  await refused.waitFor({ state: 'detached' });
});

test(async function the_verdict_on_a_file_of_two_gigabytes_takes_a_few_reads(context) {
  await signedIn();
  const file = largeVideo('two gigabytes.mp4', 2 * 1024 ** 3 - 8);
  await throttle(1024 * 1024);
  await page.evaluate(() => {
    const picker = document.querySelector('#picker');
    picker.addEventListener('change', () => { [window.chosen, window.chosenAt] = [picker.files[0], performance.now()]; }, { capture: true });
    new MutationObserver(() => {
      if (document.querySelector('.uploads .summary')) window.verdictAt ??= performance.now();
    }).observe(document.body, { childList: true, subtree: true });
  });
  await upload(file);
  await card('two gigabytes.mp4').getByText('640 × 360', { exact: true }).first().waitFor();
  const [milliseconds, inspection] = await page.evaluate(async () => {
    const { inspect } = await import('/assets/inspector.js');
    return [window.verdictAt - window.chosenAt, await inspect(window.chosen)];
  });
  context.diagnostic(`the verdict on ${inspection.bytes} bytes took ${milliseconds.toFixed(0)} ms`);
  assert.equal(inspection.bytes, fs.statSync(file).size);
  assert.ok(inspection.bytes_read < 100_000, `${inspection.bytes_read} bytes were read`);
  await card('two gigabytes.mp4').getByRole('button', { name: 'Abort' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Abort upload' }).click();
  await card('two gigabytes.mp4').waitFor({ state: 'detached' });
});

test(async function the_page_uploads_without_a_verdict_where_there_is_no_webassembly() {
  await open();
  await page.addInitScript(() => { delete globalThis.WebAssembly; });
  await page.reload();
  await signIn();
  const text = path.join(scratch, 'not a film.mp4');
  fs.writeFileSync(text, 'This is another text file.\n'.repeat(100));
  await upload(text);
  await card('not a film.mp4').getByText('Refused', { exact: true }).waitFor();
});

test(async function a_subtitle_file_is_shown() {
  await signedIn();
  const file = path.join(scratch, 'sea.en.vtt');
  fs.writeFileSync(file, 'WEBVTT\n\n00:01.000 --> 00:02.000\nWaves\n');
  await upload(file);
  await card('sea.en.vtt').getByText('Subtitles', { exact: true }).waitFor();
  await card('sea.en.vtt').getByRole('link', { name: 'View progress' }).click();
  await page.getByRole('heading', { name: 'sea.en.vtt' }).waitFor();
  await page.getByText('To use this file, open a video').waitFor();
  await checkAppearance('subtitles');
});

test(async function an_audio_file_is_packaged_by_a_button() {
  await signedIn();
  const fixture = path.join(ROOT, 'tests', 'media', 'made', 'no-video.mp4');
  await upload(copyOf(fixture, 'a song.mp4'));
  await card('a song.mp4').getByRole('button', { name: 'Upload, and package as audio' }).waitFor();
  await checkAppearance('not-sent-with-a-remedy');
  await card('a song.mp4').getByRole('button', { name: 'Upload anyway' }).click();
  await card('a song.mp4').getByRole('link', { name: 'View progress' }).click();
  await page.getByText('No video track', { exact: true }).waitFor();
  await checkAppearance('refused-with-a-remedy');
  await page.getByRole('button', { name: 'Package as audio' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.getByText('No video track: packaged with other options').waitFor();
  await checkAppearance('audio-only');
});

test(async function a_video_for_which_cbcs_is_not_defined_is_packaged_with_cenc() {
  await signedIn();
  await upload(copyOf(path.join(ROOT, 'tests', 'media', 'made', 'vp9.mp4'), 'a test in VP9.mp4'));
  await card('a test in VP9.mp4').getByRole('link', { name: 'View progress' }).click();
  const packages = page.getByRole('list', { name: 'Packages' }).locator(':scope > li');
  await packages.filter({ hasText: 'Encrypted video (cenc)' }).getByText('Ready', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Create package' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create package' });
  assert.ok(await dialog.getByRole('radio', { name: /^cenc/ }).isChecked(), 'the form suggests what the file allows');
  await dialog.getByRole('radio', { name: /^cbcs/ }).check();
  await dialog.getByRole('button', { name: 'Create package' }).click();
  const failed = packages.filter({ hasText: 'Encryption scheme not defined' });
  await failed.waitFor();
  assert.equal(await failed.getByRole('button', { name: 'Retry' }).count(), 0, 'a retry cannot help');
  await checkAppearance('failed-with-a-remedy');
  await failed.getByRole('button', { name: 'Package without encryption' }).click();
  await packages.filter({ hasText: 'Clear (not encrypted)' }).getByText('Ready', { exact: true }).first().waitFor();
});

test(async function files_that_are_chosen_together_are_compared() {
  await signedIn();
  const made = (name) => path.join(ROOT, 'tests', 'media', 'made', name);
  await upload([made('ladder-low.mp4'), made('ladder-high.mp4')]);
  const aligned = card('ladder-low.mp4, ladder-high.mp4');
  await aligned.getByText('These files fit into one package').waitFor();
  await checkAppearance('ladder');
  await aligned.getByRole('button', { name: 'Dismiss' }).click();
  await upload([made('ladder-low.mp4'), made('ladder-off.mp4')]);
  const misaligned = card('ladder-low.mp4, ladder-off.mp4');
  await misaligned.getByText('The inputs are not aligned').waitFor();
  await misaligned.getByRole('columnheader', { name: /^ladder-off.mp4/ }).waitFor();
  await checkAppearance('ladder-misaligned');
});

test(async function an_unknown_file_is_not_found_and_coming_back_restores_the_position() {
  await signedIn();
  await page.evaluate(() => { location.hash = '#/movies/aaaaaaaaaaaaaaaaaaaaaaaaaa'; });
  await page.getByRole('heading', { name: 'Not found' }).waitFor();
  await page.getByRole('link', { name: 'All videos' }).click();
  await page.setViewportSize({ width: 390, height: 500 });
  const rows = page.getByRole('list', { name: 'Library' }).getByRole('link');
  await rows.last().waitFor();
  await rows.last().scrollIntoViewIfNeeded();
  const [position, name] = [await page.evaluate(() => scrollY), await rows.last().getAttribute('href')];
  await rows.last().click();
  await page.getByRole('link', { name: 'All videos' }).waitFor();
  await page.goBack();
  await page.waitForFunction((href) => document.activeElement?.getAttribute('href') === href, name, { timeout: TIMEOUT });
  assert.ok(Math.abs(await page.evaluate(() => scrollY) - position) < 50);
  await checkAppearance('phone-library');
  await page.setViewportSize({ width: 1200, height: 900 });
});

test(async function the_form_marks_the_field_of_a_problem_and_uses_its_label() {
  await signedIn();
  const file = path.join(scratch, 'no language.vtt');
  fs.writeFileSync(file, 'WEBVTT\n\n00:01.000 --> 00:02.000\nWind\n');
  await upload(file);
  await card('no language.vtt').getByText('Subtitles', { exact: true }).waitFor();
  await upload(copyOf(SAMPLE, 'a form.mp4'));
  await card('a form.mp4').getByRole('link', { name: 'View progress' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Create package' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create package' });
  const submit = dialog.getByRole('button', { name: 'Create package' });
  await dialog.getByText('Custom keys').click();
  await dialog.getByLabel('Key', { exact: true }).fill('not a key');
  await submit.click();
  await dialog.getByRole('alert').getByText(/^Key: /).waitFor();
  assert.equal(await dialog.getByLabel('Key', { exact: true }).getAttribute('aria-invalid'), 'true');
  await dialog.getByLabel('Key', { exact: true }).fill('');
  await dialog.locator('summary').filter({ hasText: 'Subtitles' }).click();
  const row = dialog.locator('.subtitle').filter({ hasText: 'no language.vtt' });
  await row.getByRole('checkbox').check();
  await submit.click();
  await dialog.getByRole('alert').getByText('Enter the language of no language.vtt.').waitFor();
  assert.equal(await row.getByLabel('Language', { exact: true }).getAttribute('aria-invalid'), 'true');
  await checkAppearance('create-package-language');
});

test(async function the_first_visit_has_no_failed_request() {
  await open();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.deepEqual(consoleErrors, []);
});

test(async function a_second_package_is_created_with_options_and_deleted() {
  await signedIn();
  await upload(copyOf(SAMPLE, 'the second cut.mp4'));
  await card('the second cut.mp4').getByRole('link', { name: 'View progress' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Create package' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create package' });
  await dialog.getByLabel('Segment duration (seconds)').fill('99');
  await checkAppearance('create-package');
  await dialog.getByRole('button', { name: 'Create package' }).click();
  await dialog.getByRole('alert').getByText('1 to 60 seconds').waitFor();
  assert.equal(await dialog.getByLabel('Segment duration (seconds)').getAttribute('aria-invalid'), 'true');
  await checkAppearance('create-package-invalid');
  await dialog.getByLabel('Segment duration (seconds)').fill('3');
  await dialog.getByRole('radio', { name: /^Clear/ }).check();
  await dialog.getByLabel('One file per track').check();
  await dialog.getByRole('button', { name: 'Create package' }).click();
  const clear = page.getByRole('list', { name: 'Packages' }).locator(':scope > li').filter({ hasText: 'Clear (not encrypted)' });
  await clear.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await checkAppearance('two-packages');

  await clear.getByRole('button', { name: 'Delete' }).click();
  const confirmation = page.getByRole('dialog', { name: 'Delete this package?' });
  await confirmation.waitFor();
  await checkAppearance('delete');
  await page.keyboard.press('Escape');
  await confirmation.waitFor({ state: 'detached' });
  await clear.getByRole('button', { name: 'Delete' }).click();
  await confirmation.getByRole('button', { name: 'Delete package' }).click();
  await clear.waitFor({ state: 'detached' });
});

/** The sample movie followed by a large `free` box, so that it is uploaded in several parts. */
function largeVideo(name, freeBytes = FREE_BOX_BYTES) {
  const file = copyOf(SAMPLE, name);
  const box = Buffer.alloc(8);
  box.writeUInt32BE(freeBytes);
  box.write('free', 4);
  fs.appendFileSync(file, box);
  fs.truncateSync(file, fs.statSync(file).size + freeBytes - 8);
  return file;
}
const FREE_BOX_BYTES = 160 * 1024 * 1024;

/** Limits the page's upload throughput. */
async function throttle(bytesPerSecond) {
  const session = await chromium.context.newCDPSession(page);
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond };
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', conditions);
}

/** Records the numbers of the parts that were sent completely, in order. */
function sentParts() {
  const parts = [];
  page.on('requestfinished', (request) => {
    if (request.method() === 'PUT') parts.push(new URL(request.url()).searchParams.get('partNumber'));
  });
  return parts;
}

/** Asserts that the upload is complete and its package is playable. */
async function assertComplete(name, size) {
  await card(name).getByRole('link', { name: 'View progress' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  const id = decodeURIComponent(new URL(page.url()).hash.split('/').pop());
  const { bytes } = await api('GET', `/input_content/${id}`);
  assert.equal(bytes, size);
}

test(async function an_upload_is_paused_and_resumed_and_survives_a_reload() {
  await signedIn();
  const file = largeVideo('a long winter.mp4');
  const sent = sentParts();
  await throttle(20 * 1024 * 1024);
  await upload(file);
  const uploadCard = card('a long winter.mp4');
  await eventually('a part to arrive', () => sent.length > 0);
  await checkAppearance('uploading');
  await uploadCard.getByRole('button', { name: 'Pause' }).click();
  await uploadCard.getByText('Paused').waitFor();
  const before = [...sent];
  await checkAppearance('paused');

  await uploadCard.getByRole('button', { name: 'Resume' }).click();
  await eventually('another part to arrive', () => sent.length > before.length);
  await page.reload();
  await page.getByText('The page was closed before').waitFor();
  const beforeReload = [...sent];
  await checkAppearance('unfinished');

  const picker = card('a long winter.mp4').getByLabel('Select file and resume');
  await picker.setInputFiles(SAMPLE);
  await page.getByText('Different file selected').waitFor();
  await picker.setInputFiles(file);
  await card('a long winter.mp4').getByText('Accepted', { exact: true }).waitFor();
  assert.equal(new Set(sent).size, sent.length, `no part was sent twice: ${sent}`);
  assert.ok(beforeReload.length >= 2 && sent.length > beforeReload.length, `${sent}`);
  await assertComplete('a long winter.mp4', fs.statSync(file).size);
});

test(async function a_failed_package_shows_the_reason_and_offers_what_can_help() {
  await signedIn();
  const names = ['ladder-low.mp4', 'ladder-off.mp4'];
  for (const name of names) await upload(path.join(ROOT, 'tests', 'media', 'made', name));
  for (const name of names) await card(name).getByText('Accepted', { exact: true }).waitFor();
  await card('ladder-low.mp4').getByRole('link', { name: 'View progress' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Create package' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create package' });
  await dialog.getByText('Additional inputs').click();
  await dialog.getByLabel('ladder-off.mp4').first().check();
  await checkAppearance('create-package-inputs');
  await dialog.getByRole('button', { name: 'Create package' }).click();
  const failed = page.getByRole('list', { name: 'Packages' }).locator(':scope > li').filter({ hasText: 'The inputs are not aligned' });
  await failed.waitFor();
  await checkAppearance('failed');
  const created = page.waitForResponse((answer) => answer.request().method() === 'POST' && answer.url().endsWith('/packaged_content'));
  await failed.getByRole('button', { name: 'Package each input alone' }).click();
  assert.ok((await created).ok());
});

test(async function a_package_whose_retries_are_exhausted_is_retried() {
  await signedIn();
  await page.route('**/packaged_content?*', async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const body = await api('GET', `${pathname}${search}`);
    const failure = { stage: 'dash', code: 'retries_exhausted', message: 'the stage failed several times' };
    for (const pkg of body.packaged_content) Object.assign(pkg, { status: 'Failed', failed_at: pkg.created_at, failure });
    await route.fulfill({ json: body });
  });
  await upload(copyOf(SAMPLE, 'an unlucky film.mp4'));
  await card('an unlucky film.mp4').getByRole('link', { name: 'View progress' }).click();
  await page.getByText('Retries exhausted', { exact: true }).first().waitFor();
  const retried = page.waitForRequest((request) => request.url().endsWith('/retry'));
  await page.getByRole('button', { name: 'Retry' }).first().click();
  assert.equal((await retried).method(), 'POST');
});

test(async function a_reader_cannot_upload() {
  await signedIn(stack.reader_token);
  await upload(copyOf(SAMPLE, 'not mine.mp4'));
  await card('not mine.mp4').getByText('Operator role required').waitFor();
  await checkAppearance('reader');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});
