// Plays a package with Shaka Player, which is fetched with the first one played.

import * as api from './api.js';
import { inWords } from './words.js';

/** Seconds before its end at which a token is replaced. */
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
 * Whoever asks for a licence shows a token of the package; it is asked for when it is needed, and again when it is over.
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
    player.getNetworkingEngine().registerRequestFilter(async (type, request) => {
      if (type !== shaka.net.NetworkingEngine.RequestType.LICENSE) return;
      request.headers.Authorization = `Bearer ${(await fresh()).token}`;
    });
    await player.load(await address(own, fresh));
    await video.play().catch(() => {});
  } catch (error) {
    failed(error.severity === undefined ? new Error(inWords(error)) : new Error(inPlayerWords(error)));
  }
  return stop;
}

/** Where the stream is, with leave to fetch it where the platform asks for leave. */
async function address(own, fresh) {
  const plain = own.urls?.dash ?? own.url;
  if (own.scheme === 'clear' && !own.urls?.private) return plain;
  const { urls } = await fresh();
  return urls?.dash ?? plain;
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
