// Real players play what the platform makes, from the CDN's address, on a page that is somebody else's.
//
// Playing is: the time goes on, the browser counts pictures and sound that it decoded, and goes on after a jump. That the pictures
// are the right ones is seen by comparing one with what the clear stream shows at that moment.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { browser, site } from './browser.mjs';
import { PATIENCE, eventually, leaveToPlay, packaged, playbackToken, send } from './stack.mjs';

const KEYS = { key: 'hyN9IKGfWKdAwFaE5pm0qg', kid: 'oW5AK5BW43HzbTSKpiu3SQ' };
const AUDIO_KEYS = { audio_key: '00112233445566778899aabbccddeeff', audio_kid: 'ffeeddccbbaa99887766554433221100' };
/** The picture that is compared: after the middle, away from segment starts. */
const MOMENT = 17.4;
/** How far two pictures may differ on average, of 255: the same ones decoded on two ways. */
const SAME = 2;

let chromium;
let somebody;
/** Of DASH and of HLS, whose times may begin a little later (see docs/architecture.md on edit lists). */
const clearPictures = new Map();

before(async () => {
  [chromium, somebody] = await Promise.all([browser(), site()]);
});

after(async () => {
  await chromium?.close();
  somebody?.close();
});

/** Opens the page and starts a player. */
async function start(player, url, token, licenceUrl) {
  const page = await chromium.context.newPage();
  await page.goto(`${somebody.address}/player.html`);
  await page.evaluate(([name, ...rest]) => void window.players[name](...rest), [player, url, token, licenceUrl]);
  return page;
}

/** Waits until something is to be seen, or a player has said what is wrong. */
async function until(page, what, isSo, argument) {
  await page.waitForFunction(isSo, argument, { timeout: PATIENCE }).catch(async (error) => {
    throw new Error(`${what}: ${JSON.stringify(await page.evaluate(() => window.seen()))}`, { cause: error });
  });
  return page.evaluate(() => window.seen());
}

/** Plays two seconds on, with pictures and sound, from wherever it is. */
async function assertPlays(page, what) {
  const from = await page.evaluate(() => window.seen());
  const isMoving = ({ time, frames, sound }) => {
    const now = window.seen();
    return now.problems.length > 0 || (now.time > time + 2 && now.frames > frames + 24 && now.sound > sound);
  };
  const seen = await until(page, what, isMoving, from);
  assert.deepEqual(seen.problems, [], what);
}

/** Plays, plays on after a jump, and answers a small copy of the picture at a moment. */
async function playAndSee(player, url, token, licenceUrl) {
  const page = await start(player, url, token, licenceUrl);
  await assertPlays(page, `${player} plays ${url}`);
  await page.evaluate(() => { document.querySelector('video').currentTime = 20; });
  await assertPlays(page, `${player} plays ${url} after a jump`);
  // A page may not copy pictures that were encrypted; a photograph of it shows them.
  const time = await page.evaluate((moment) => window.stopAt(moment), MOMENT);
  const photograph = await page.locator('video').screenshot();
  const points = await page.evaluate((base64) => window.pointsOf(base64), photograph.toString('base64'));
  await page.close();
  return { time, points };
}

/** It is the picture that the clear stream has at that moment. */
async function assertRight(picture, url, what) {
  const kind = url.split('.').pop();
  const { urls } = await leaveToPlay(await packaged('sample.mp4', { scheme: 'clear' }));
  if (!clearPictures.has(kind)) clearPictures.set(kind, playAndSee('shaka', kind === 'mpd' ? urls.dash : urls.hls));
  const right = await clearPictures.get(kind);
  const sum = picture.points.reduce((total, value, index) => total + Math.abs(value - right.points[index]), 0);
  const difference = sum / right.points.length;
  assert.ok(difference < SAME, `${what} shows the right picture: ${picture.time} and ${right.time} differ by ${difference}`);
}

const waysToPlay = ({ urls: { dash, hls } }) => [['shaka', dash], ['dash', dash], ['shaka', hls], ['hls', hls]];

/** Every player plays it, and shows the right picture. */
async function assertAllPlay(own) {
  const leave = await leaveToPlay(own);
  const { token, license_url: licenceUrl } = leave;
  const all = waysToPlay(leave).map(async ([player, url]) => {
    await assertRight(await playAndSee(player, url, token, licenceUrl), url, `${player} with ${url}`);
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

test(async function without_a_good_token_no_picture_is_decoded() {
  const own = await packaged('sample.mp4', { scheme: 'cbcs', encrypt: 'all', ...KEYS });
  const other = await packaged('sample.mp4', { scheme: 'cenc', encrypt: 'all', ...KEYS });
  const leave = await playbackToken(own);
  const { token, license_url: licenceUrl } = leave;
  const over = await playbackToken(own, { seconds: 1 });
  const asked = { headers: { authorization: `Bearer ${over.token}` }, body: JSON.stringify({ kids: [KEYS.kid] }) };
  await eventually('a token to be over', async () => (await send('POST', licenceUrl, asked)).status === 403);
  const tokens = { over: over.token, foreign: (await playbackToken(other)).token, changed: `${token.slice(0, -4)}AAAA`, none: 'none' };
  for (const [what, wrong] of Object.entries(tokens)) {
    await Promise.all(waysToPlay(leave).map(async ([player, url]) => {
      const page = await start(player, url, wrong, licenceUrl);
      const seen = await until(page, `${player} with a token that is ${what}`, () => window.problems.length > 0);
      assert.deepEqual([seen.frames, seen.sound], [0, 0], `${player} with a token that is ${what}: ${seen.problems}`);
      await page.close();
    }));
  }
});
