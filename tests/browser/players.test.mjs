// Playback tests: Shaka Player, dash.js and hls.js play packages from the CDN, on a page of another origin.
//
// Playback works if the current time advances and the browser counts decoded frames and audio, before and after a seek. To
// check that the frames are correct, a frame is compared with that of the clear stream at the same time.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { browser, site } from './browser.mjs';
import { TIMEOUT, api, content, eventually, playbackUrls, packaged, playbackToken, send, stack } from './stack.mjs';

const KEYS = { key: 'hyN9IKGfWKdAwFaE5pm0qg', kid: 'oW5AK5BW43HzbTSKpiu3SQ' };
const AUDIO_KEYS = { audio_key: '00112233445566778899aabbccddeeff', audio_kid: 'ffeeddccbbaa99887766554433221100' };
/** Time of the frame that is compared: after the middle, not near a segment boundary. */
const FRAME_TIME = 17.4;
/** The chapters of `chapters.mp4`, as its recipe states them (tests/media/recipes.py): start and end in seconds, title. */
const CHAPTERS = [[0, 2.5, 'Anfang'], [2.5, 4.04, 'Zweites & <größtes> Kapitel'], [4.04, 6, 'Ende']];
/** Maximum mean difference, of 255, between the same frame from two decoders. */
const MAXIMUM_DIFFERENCE = 2;

let chromium;
let otherSite;
/** Reference frames of the clear stream, for DASH and HLS: HLS times may start slightly later (edit lists: docs/architecture.md). */
const clearFrames = new Map();

before(async () => {
  [chromium, otherSite] = await Promise.all([browser(), site()]);
});

after(async () => {
  await chromium?.close();
  otherSite?.close();
});

/** Opens the player page. */
async function openPage() {
  const page = await chromium.context.newPage();
  await page.goto(`${otherSite.url}/player.html?api=${encodeURIComponent(stack.api_url)}`);
  await page.waitForFunction(() => window.players && window.thumbnail);
  return page;
}

/** Opens the player page and starts a player. */
async function start(player, url, token, licenceUrl) {
  const page = await openPage();
  await page.evaluate(([name, ...rest]) => void window.players[name](...rest), [player, url, { token, license_url: licenceUrl }]);
  return page;
}

/** Waits for a condition, and returns the state of playback. */
async function waitFor(page, what, condition, argument) {
  await page.waitForFunction(condition, argument, { timeout: TIMEOUT }).catch(async (error) => {
    throw new Error(`${what}: ${JSON.stringify(await page.evaluate(() => window.playbackState()))}`, { cause: error });
  });
  return page.evaluate(() => window.playbackState());
}

/** Asserts that playback advances by two seconds, with video and audio, from the current time. */
async function assertPlays(page, what) {
  const from = await page.evaluate(() => window.playbackState());
  const hasAdvanced = ({ time, frames, audioBytes }) => {
    const now = window.playbackState();
    return now.problems.length > 0 || (now.time > time + 2 && now.frames > frames + 24 && now.audioBytes > audioBytes);
  };
  const state = await waitFor(page, what, hasAdvanced, from);
  assert.deepEqual(state.problems, [], what);
}

/** Plays, seeks, plays on, and returns a thumbnail of the frame at `FRAME_TIME`. */
async function playAndCapture(player, url, token, licenceUrl) {
  const page = await start(player, url, token, licenceUrl);
  await assertPlays(page, `${player} plays ${url}`);
  await page.evaluate(() => { document.querySelector('video').currentTime = 20; });
  await assertPlays(page, `${player} plays ${url} after a seek`);
  // A page cannot read the pixels of encrypted video, so the test takes a screenshot.
  const time = await page.evaluate((frameTime) => window.pauseAt(frameTime), FRAME_TIME);
  const screenshot = await page.locator('video').screenshot();
  const pixels = await page.evaluate((base64) => window.thumbnail(base64), screenshot.toString('base64'));
  await page.close();
  return { time, pixels };
}

/** Asserts that a frame matches that of the clear stream at the same time. */
async function assertCorrectFrame(frame, url, what) {
  const kind = url.split('.').pop();
  const { urls } = await playbackUrls(await packaged('sample.mp4', { scheme: 'clear' }));
  if (!clearFrames.has(kind)) clearFrames.set(kind, playAndCapture('shaka', kind === 'mpd' ? urls.dash : urls.hls));
  const expected = await clearFrames.get(kind);
  const sum = frame.pixels.reduce((total, value, index) => total + Math.abs(value - expected.pixels[index]), 0);
  const difference = sum / expected.pixels.length;
  assert.ok(difference < MAXIMUM_DIFFERENCE, `${what} shows the correct frame: ${frame.time} and ${expected.time} differ by ${difference}`);
}

const playersAndUrls = ({ urls: { dash, hls } }) => [['shaka', dash], ['dash', dash], ['shaka', hls], ['hls', hls]];

/** Asserts that every player plays a package and shows the correct frame. */
async function assertAllPlay(pkg) {
  const playback = await playbackUrls(pkg);
  const { token, license_url: licenceUrl } = playback;
  const all = playersAndUrls(playback).map(async ([player, url]) => {
    await assertCorrectFrame(await playAndCapture(player, url, token, licenceUrl), url, `${player} with ${url}`);
  });
  await Promise.all(all);
}

test(async function clear_streams_play_in_every_player() {
  for (const layout of ['segments', 'single-file']) {
    await assertAllPlay(await packaged('sample.mp4', { scheme: 'clear', layout }));
  }
});

test(async function cbcs_streams_play_in_every_player_with_a_token() {
  await assertAllPlay(await packaged('sample.mp4', { scheme: 'cbcs', ...KEYS }));
  await assertAllPlay(await packaged('sample.mp4', { scheme: 'cbcs', encrypt: 'all', layout: 'single-file', ...KEYS, ...AUDIO_KEYS }));
});

test(async function cenc_streams_play_in_every_player_with_a_token() {
  await assertAllPlay(await packaged('sample.mp4', { scheme: 'cenc', encrypt: 'all', ...KEYS }));
});

// Shaka Player reads the chapters that an HLS playlist names; the MPD has none, so the page adds the file of the package.
test(async function shaka_player_lists_the_chapters_of_a_movie() {
  const { urls } = await playbackUrls(await packaged('chapters.mp4', { scheme: 'clear' }));
  const file = urls.dash.replace(/[^/]*$/, 'chapters.vtt');
  for (const [url, chapters] of [[urls.hls, null], [urls.dash, file]]) {
    const page = await openPage();
    const found = await page.evaluate((from) => window.chapters(...from), [url, chapters]);
    assert.deepEqual(found, CHAPTERS, url);
    await page.close();
  }
  const { input_content_id: id } = await content('chapters.mp4');
  const listed = (await api('GET', `/input_content/${id}`)).chapters.map((chapter) => [chapter.start_seconds, chapter.title]);
  assert.deepEqual(listed, CHAPTERS.map(([start, , title]) => [start, title]));
});

// Nothing writes the segments of this package but the requests of the players, so it plays before it is packaged.
test(async function a_package_plays_in_every_player_before_any_segment_is_written() {
  const { input_content_id } = await content('sample.mp4');
  const request = { input_content_id, when: 'on-demand', segment_seconds: 4, scheme: 'cbcs', ...KEYS };
  const { packaged_content_id: id } = await api('POST', '/packaged_content', request);
  const pkg = await eventually('a package to be playable', async () => {
    const found = await api('GET', `/packaged_content/${id}`);
    return found.playable && found;
  });
  assert.deepEqual([pkg.status, pkg.segments_made], ['Fragmented', 0]);
  await assertAllPlay(pkg);
  const watched = await api('GET', `/packaged_content/${id}`);
  assert.equal(watched.status, 'Fragmented');
  assert.ok(watched.segments_made > 0);
});

test(async function without_a_valid_token_nothing_is_decoded() {
  const pkg = await packaged('sample.mp4', { scheme: 'cbcs', encrypt: 'all', ...KEYS });
  const other = await packaged('sample.mp4', { scheme: 'cenc', encrypt: 'all', ...KEYS });
  const playback = await playbackToken(pkg);
  const { token, license_url: licenceUrl } = playback;
  const expired = await playbackToken(pkg, { seconds: 1 });
  const request = { headers: { authorization: `Bearer ${expired.token}` }, body: JSON.stringify({ kids: [KEYS.kid] }) };
  await eventually('the expiry of a token', async () => (await send('POST', licenceUrl, request)).status === 403);
  const tokens = { expired: expired.token, foreign: (await playbackToken(other)).token, modified: `${token.slice(0, -4)}AAAA`, invalid: 'none' };
  for (const [what, invalidToken] of Object.entries(tokens)) {
    await Promise.all(playersAndUrls(playback).map(async ([player, url]) => {
      const page = await start(player, url, invalidToken, licenceUrl);
      const state = await waitFor(page, `${player} with a token that is ${what}`, () => window.problems.length > 0);
      assert.deepEqual([state.frames, state.audioBytes], [0, 0], `${player} with a token that is ${what}: ${state.problems}`);
      await page.close();
    }));
  }
});
