// Plays a stream of the platform in Shaka Player, dash.js or hls.js, on any page:
//
//   import { configureShaka } from 'https://API/assets/playback.js';
//
// `playback` is the answer to `POST /packaged_content/{id}/playback_tokens`, or the package itself if it is clear and public.

/** Configures a Shaka Player, before `load`. Shaka Player requests a licence for DASH (LICENSE) and a key for HLS (KEY). */
export function configureShaka(shaka, player, { token }) {
  const { LICENSE, KEY } = shaka.net.NetworkingEngine.RequestType;
  player.getNetworkingEngine().registerRequestFilter((type, request) => {
    if (token && [LICENSE, KEY].includes(type)) request.headers.Authorization = `Bearer ${token}`;
  });
}

/** Configures a dash.js player, after `initialize` and before `attachSource`. */
export function configureDash(player, { token }) {
  const httpRequestHeaders = { Authorization: `Bearer ${token}` };
  if (token) player.setProtectionData({ 'org.w3.clearkey': { withCredentials: false, httpRequestHeaders } });
}

/**
 * Returns the configuration of an hls.js player: `new Hls(hlsConfiguration(Hls, playback))`. hls.js names ClearKey
 * `org.w3.clearkey` and Apple's players `identity`, so the loader replaces that name; hls.js requires the initialization data.
 */
export function hlsConfiguration(Hls, { token, license_url: licenseUrl }) {
  if (!token) return {};
  class Loader extends Hls.DefaultConfig.loader {
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
  const licenseXhrSetup = (request) => request.setRequestHeader('Authorization', `Bearer ${token}`);
  return { emeEnabled: true, pLoader: Loader, drmSystems: { 'org.w3.clearkey': { licenseUrl, generateRequest } }, licenseXhrSetup };
}
