// Each player as its own documentation says: a stream's address, and a token to show to the licence server.
// `window.problems` holds what a player said went wrong. The tests know nothing of the players beyond this file.

window.problems = [];
const say = (what) => window.problems.push(typeof what === 'string' ? what : JSON.stringify(what));
const video = () => document.querySelector('video');

window.players = {
  async shaka(url, token) {
    shaka.polyfill.installAll();
    // With HLS, Shaka Player fetches the bytes of the key, with DASH a licence.
    const { LICENSE, KEY } = shaka.net.NetworkingEngine.RequestType;
    const player = new shaka.Player();
    await player.attach(video());
    player.addEventListener('error', ({ detail }) => say(`shaka ${detail.category}.${detail.code} ${detail.data}`));
    player.getNetworkingEngine().registerRequestFilter((type, request) => {
      if (token && [LICENSE, KEY].includes(type)) request.headers.Authorization = `Bearer ${token}`;
    });
    await player.load(url).catch((error) => say(`shaka ${error.category}.${error.code} ${error.data}`));
    video().play().catch(() => {});
  },

  dash(url, token) {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
    player.on('error', ({ error }) => say(`dash.js ${error.code} ${error.message}`));
    player.initialize(video(), null, true);
    if (token) player.setProtectionData({ 'org.w3.clearkey': { withCredentials: false, httpRequestHeaders: { Authorization: `Bearer ${token}` } } });
    player.attachSource(url);
  },

  // hls.js wants ClearKey to be named in its own way, where Apple's players want `identity`: the page says it is meant. And it
  // takes the initialization data from the page (W3C EME, `keyids`).
  hls(url, token, licenseUrl) {
    class Playlists extends Hls.DefaultConfig.loader {
      load(context, config, callbacks) {
        const onSuccess = (response, ...rest) => {
          response.data = response.data.replaceAll('KEYFORMAT="identity"', 'KEYFORMAT="org.w3.clearkey"');
          callbacks.onSuccess(response, ...rest);
        };
        super.load(context, config, { ...callbacks, onSuccess });
      }
    }
    const generateRequest = (_type, _data, { decryptdata: { keyId } }) => {
      const kid = btoa(String.fromCharCode(...keyId)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
      return { initDataType: 'keyids', initData: new TextEncoder().encode(JSON.stringify({ kids: [kid] })) };
    };
    const player = new Hls(!token ? {} : {
      emeEnabled: true,
      pLoader: Playlists,
      drmSystems: { 'org.w3.clearkey': { licenseUrl, generateRequest } },
      licenseXhrSetup: (request) => request.setRequestHeader('Authorization', `Bearer ${token}`),
    });
    player.on(Hls.Events.ERROR, (_name, { fatal, details, error }) => fatal && say(`hls.js ${details} ${error?.message}`));
    player.loadSource(url);
    player.attachMedia(video());
    video().play().catch(() => {});
  },
};

/** What is to be seen. */
window.seen = () => ({
  time: video().currentTime,
  frames: video().getVideoPlaybackQuality().totalVideoFrames,
  sound: video().webkitAudioDecodedByteCount,
  width: video().videoWidth,
  problems: window.problems,
});

/** Stops at a moment; answers the time of the picture that is shown then. */
window.stopAt = (moment) => new Promise((resolve) => {
  const own = video();
  // Pictures that were on their way when the jump began are shown first.
  const look = (_now, { mediaTime }) => {
    if (Math.abs(mediaTime - moment) < 0.1) resolve(mediaTime);
    else own.requestVideoFrameCallback(look);
  };
  own.requestVideoFrameCallback(look);
  own.pause();
  own.currentTime = moment;
});

/** The points of a PNG, given in base64, at a size of 64 by 36: three values for each. */
window.pointsOf = async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const context = new OffscreenCanvas(64, 36).getContext('2d');
  context.drawImage(bitmap, 0, 0, 64, 36);
  return [...context.getImageData(0, 0, 64, 36).data].filter((_value, index) => index % 4 < 3);
};
