// Plays a stream in each player, as docs/playback-and-licences.md describes, with the module that the API serves for other pages.
// `window.problems` collects the players' errors. Only this file depends on the players' APIs.

const { configureShaka, configureDash, hlsConfiguration } = await import(new URL('/assets/playback.js', new URLSearchParams(location.search).get('api')));

window.problems = [];
const report = (problem) => window.problems.push(problem);
const video = () => document.querySelector('video');

window.players = {
  async shaka(url, playback) {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    await player.attach(video());
    player.addEventListener('error', ({ detail }) => report(`shaka ${detail.category}.${detail.code} ${detail.data}`));
    configureShaka(shaka, player, playback);
    await player.load(url).catch((error) => report(`shaka ${error.category}.${error.code} ${error.data}`));
    video().play().catch(() => {});
  },

  dash(url, playback) {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
    player.on('error', ({ error }) => report(`dash.js ${error.code} ${error.message}`));
    player.initialize(video(), null, true);
    configureDash(player, playback);
    player.attachSource(url);
  },

  hls(url, playback) {
    const player = new Hls(hlsConfiguration(Hls, playback));
    player.on(Hls.Events.ERROR, (_name, { fatal, details, error }) => fatal && report(`hls.js ${details} ${error?.message}`));
    player.loadSource(url);
    player.attachMedia(video());
    video().play().catch(() => {});
  },
};

/** Loads a stream in Shaka Player, with a file of chapters if one is given. Resolves to the chapters that it lists: start, end, title. */
window.chapters = async (url, file) => {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(video());
  await player.load(url);
  if (file) await player.addChaptersTrack(file, 'und', 'text/vtt');
  const languages = player.getChaptersTracks().map(({ language }) => language);
  const chapters = await Promise.all(languages.map((language) => player.getChaptersAsync(language)));
  return chapters.flat().map(({ startTime, endTime, title }) => [startTime, endTime, title]);
};

/** The state of playback. */
window.playbackState = () => ({
  time: video().currentTime,
  frames: video().getVideoPlaybackQuality().totalVideoFrames,
  audioBytes: video().webkitAudioDecodedByteCount,
  width: video().videoWidth,
  problems: window.problems,
});

/** Resolves to the time at which a frame is presented that was decoded after this call, in milliseconds since 1970. */
const nextFrame = () => new Promise((resolve) => { video().requestVideoFrameCallback(() => resolve(Date.now())); });

/** Plays a stream in Shaka Player. Resolves to the time of its first frame, in milliseconds since 1970. */
window.firstFrame = async (url, playback) => {
  const frame = nextFrame();
  await window.players.shaka(url, playback);
  return frame;
};

/** Seeks to a part of the stream, from 0 to 1. Resolves to the milliseconds until the next frame is presented there. */
window.seekTime = async (part) => {
  const started = Date.now();
  const seeked = new Promise((resolve) => { video().addEventListener('seeked', resolve, { once: true }); });
  video().currentTime = part * video().duration;
  await seeked;
  return await nextFrame() - started;
};

/** Pauses and seeks to a time. Resolves to the presentation time of the displayed frame. */
window.pauseAt = (time) => new Promise((resolve) => {
  const element = video();
  // Frames that were decoded before the seek are presented first.
  const onFrame = (_now, { mediaTime }) => {
    if (Math.abs(mediaTime - time) < 0.1) resolve(mediaTime);
    else element.requestVideoFrameCallback(onFrame);
  };
  element.requestVideoFrameCallback(onFrame);
  element.pause();
  element.currentTime = time;
});

/** The RGB values of a base64-encoded PNG, scaled to 64 by 36 pixels. */
window.thumbnail = async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const context = new OffscreenCanvas(64, 36).getContext('2d');
  context.drawImage(bitmap, 0, 0, 64, 36);
  return [...context.getImageData(0, 0, 64, 36).data].filter((_value, index) => index % 4 < 3);
};
