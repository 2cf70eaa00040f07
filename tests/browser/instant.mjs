// Measures how soon an upload plays in Chromium. Standard input has one line of JSON, {origin, uploadedAt}, once the upload has ended;
// standard output gets the times. `python3 -m infra.local instant` runs it.

import readline from 'node:readline/promises';

import { browser, site } from './browser.mjs';
import { api, playbackUrls, stack } from './stack.mjs';

/** Milliseconds between two polls. */
const PAUSE = 20;

/** The parts of a movie at which playback continues after a seek: the middle and the end. */
const SEEKS = { middle: 0.5, end: 0.97 };

const [chromium, otherSite] = await Promise.all([browser(), site()]);
const page = await chromium.context.newPage();
await page.goto(`${otherSite.url}/player.html?api=${encodeURIComponent(stack.api_url)}`);
await page.waitForFunction(() => window.players && window.firstFrame);
process.stdout.write('ready\n');

const input = readline.createInterface({ input: process.stdin });
const { origin, uploadedAt } = JSON.parse(await new Promise((resolve) => { input.once('line', resolve); }));
input.close();
const sinceUpload = (time) => time - uploadedAt;

const id = await poll(async () => {
  const { input_content: [content] } = await api('GET', `/input_content?origin=${encodeURIComponent(origin)}`);
  return content?.packaged_content_id;
});
const pkg = await poll(async () => {
  const found = await api('GET', `/packaged_content/${id}`);
  return found.playable && found;
});
const playableAfter = sinceUpload(Date.now());
const playback = await playbackUrls(pkg);
const times = { playable: playableAfter, firstFrame: sinceUpload(await page.evaluate((play) => window.firstFrame(...play), [playback.urls.dash, playback])) };
const seeks = {};
for (const [name, fraction] of Object.entries(SEEKS)) {
  seeks[name] = await page.evaluate((to) => window.seekTime(to), fraction);
  seeks[`${name}Status`] = (await api('GET', `/packaged_content/${id}`)).status;
}
const problems = await page.evaluate(() => window.problems);
process.stdout.write(`${JSON.stringify({ id, ...times, ...seeks, problems })}\n`);
await chromium.close();
otherSite.close();

async function poll(look) {
  for (;;) {
    const found = await look();
    if (found) return found;
    await new Promise((resume) => { setTimeout(resume, PAUSE); });
  }
}
