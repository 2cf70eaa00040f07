// Plays a package with Shaka Player, which is fetched with the first one played.

import * as api from './api.js';
import { inWords } from './words.js';

/** How long before its end a token is replaced. */
const MARGIN_MS = 30_000;

let fetched;

function shakaPlayer() {
  fetched ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'assets/shaka-player.js';
    script.onload = () => {
      window.shaka.polyfill.installAll();
      resolve(window.shaka);
    };
    script.onerror = () => {
      fetched = undefined;
      script.remove();
      reject(new Error('The player could not be fetched. Is the network there?'));
    };
    document.head.append(script);
  });
  return fetched;
}

/**
 * Plays a package. Answers a function that stops it. What goes wrong, now or later, is told to `failed`.
 *
 * Whoever asks for a licence shows a token of the package; it is asked for when it is needed, and again when it is over. The
 * addresses of a private stream begin with leave, which is replaced with the token.
 */
export async function play(video, own, failed) {
  let player;
  let token;

  async function fresh() {
    if (!token || new Date(token.expires_at) - Date.now() < MARGIN_MS) token = await api.playbackToken(own.packaged_content_id);
    return token;
  }

  const stop = async () => {
    video.pause();
    await player?.destroy();
    player = undefined;
  };
  try {
    const shaka = await shakaPlayer();
    if (!shaka.Player.isBrowserSupported()) throw new Error('This browser cannot play streams.');
    player = new shaka.Player();
    await player.attach(video);
    player.addEventListener('error', ({ detail }) => failed(new Error(inPlayerWords(detail))));
    const { LICENSE, MANIFEST, SEGMENT } = shaka.net.NetworkingEngine.RequestType;
    player.getNetworkingEngine().registerRequestFilter(async (type, request) => {
      if (type === LICENSE) request.headers.Authorization = `Bearer ${(await fresh()).token}`;
      if (own.private && [MANIFEST, SEGMENT].includes(type)) request.uris = withLeave(request.uris, await fresh());
    });
    await player.load((own.private ? (await fresh()).urls : own.urls).dash);
    await video.play().catch(() => {});
  } catch (error) {
    failed(error.severity === undefined ? new Error(inWords(error)) : new Error(inPlayerWords(error)));
  }
  return stop;
}


/** These addresses, with the leave of this token in place of the one they have. */
function withLeave(addresses, { urls }) {
  const leave = new URL(urls.dash).pathname.split('/')[1];
  return addresses.map((address) => {
    const own = new URL(address);
    own.pathname = own.pathname.replace(/^\/[^/]*/, `/${leave}`);
    return own.href;
  });
}

/** What the player's numbers mean, for those that a viewer may meet. */
function inPlayerWords({ code, category }) {
  const CODES = {
    1001: 'The stream, or the key, could not be fetched. It may have been deleted, or the token may be over.',
    1002: 'The connection was lost.',
    1003: 'The stream did not come in time.',
    3016: 'The browser could not decode the stream.',
    4012: 'This browser supports none of the codecs or none of the key systems of this stream.',
    4032: 'This browser supports none of the codecs of this stream.',
    6001: 'This browser does not support the encryption of this stream.',
    6007: 'The licence server did not give the key.',
  };
  return CODES[code] ?? `The player stopped (${category}.${code}).`;
}
