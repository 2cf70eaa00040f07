// Plays a package with Shaka Player, which is loaded on first use.

import * as api from './api.js';
import { errorText } from './error-messages.js';

/** Remaining lifetime at which a playback token is replaced. */
const TOKEN_RENEWAL_MS = 30_000;

let shakaLoaded;

function loadShaka() {
  shakaLoaded ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'assets/shaka-player.js';
    script.onload = () => {
      window.shaka.polyfill.installAll();
      resolve(window.shaka);
    };
    script.onerror = () => {
      shakaLoaded = undefined;
      script.remove();
      reject(new Error('Cannot load the player. Check your network connection.'));
    };
    document.head.append(script);
  });
  return shakaLoaded;
}

/**
 * Plays a package. Returns a function that stops playback. Errors, now or later, are reported to `failed`.
 *
 * Licence requests carry a playback token of the package, which is requested when needed and renewed before it expires. For a
 * private stream, every URL has a signed path (`/v1.EXPIRY.MAC/…`), which is renewed together with the token.
 */
export async function play(video, pkg, failed) {
  let player;
  let token;

  async function currentToken() {
    if (!token || Date.parse(token.expires_at) - Date.now() < TOKEN_RENEWAL_MS) token = await api.createPlaybackToken(pkg.packaged_content_id);
    return token;
  }

  const stop = async () => {
    video.pause();
    await player?.destroy();
    player = undefined;
  };
  try {
    const shaka = await loadShaka();
    if (!shaka.Player.isBrowserSupported()) throw new Error('This browser does not support adaptive streaming.');
    player = new shaka.Player();
    await player.attach(video);
    player.addEventListener('error', ({ detail }) => failed(new Error(playerErrorText(detail))));
    const { LICENSE, MANIFEST, SEGMENT } = shaka.net.NetworkingEngine.RequestType;
    player.getNetworkingEngine().registerRequestFilter(async (type, request) => {
      if (type === LICENSE) request.headers.Authorization = `Bearer ${(await currentToken()).token}`;
      if (pkg.private && [MANIFEST, SEGMENT].includes(type)) request.uris = withSignature(request.uris, await currentToken());
    });
    await player.load((pkg.private ? (await currentToken()).urls : pkg.urls).dash);
    await video.play().catch(() => {});
  } catch (error) {
    failed(error.severity === undefined ? new Error(errorText(error)) : new Error(playerErrorText(error)));
  }
  return stop;
}

/** Replaces the signature in each signed path, its first segment, by that of this token. */
function withSignature(urls, token) {
  const signature = new URL(token.urls.dash).pathname.split('/')[1];
  return urls.map((text) => {
    const url = new URL(text);
    url.pathname = url.pathname.replace(/^\/[^/]*/, `/${signature}`);
    return url.href;
  });
}

/** Shaka Player error codes that viewers can encounter. */
const PLAYER_ERRORS = {
  1001: 'Cannot load the stream or the key. The stream may be deleted, or the token expired.',
  1002: 'Network connection lost.',
  1003: 'Network timeout.',
  3016: 'The browser failed to decode the stream.',
  4012: 'This browser supports no codec or no key system of this stream.',
  4032: 'This browser supports no codec of this stream.',
  6001: 'This browser does not support the encryption of this stream.',
  6007: 'The licence request failed.',
};

function playerErrorText({ code, category }) {
  return PLAYER_ERRORS[code] ?? `Player error ${category}.${code}.`;
}
