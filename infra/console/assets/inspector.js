// The packaging engine in the page: verdicts on local files, before a byte of them is sent. It runs in a worker.
//
// Where the browser cannot run it, or cannot read a file, there is no verdict (null), and the file is uploaded for the server's.

/**
 * @typedef {{ id: number, type: string, name: string, codec: string, language: string, width?: number, height?: number, channels?: number,
 *   sample_rate?: number, segments: { start: number, duration: number, bytes: number }[] }} InspectedTrack
 * @typedef {{ status: 'Ingested' | 'Refused', verdict: string, bytes: number, bytes_read: number, media?: 'subtitles', format?: string,
 *   code?: string, message?: string, packageable_with?: NonNullable<Api.Schemas['Content']['packageable_with']>,
 *   preflight?: Api.Schemas['Content']['preflight'], tracks?: InspectedTrack[] }} Inspection
 * @typedef {{ is_aligned: boolean, code?: string, message?: string, key_frames?: string[][], tracks?: InspectedTrack[] }} Ladder
 */

/** The worker: undefined before its start, null if there cannot be one. @type {Worker | null | undefined} */
let worker;
/** The callers that wait for an answer, by request. @type {Map<number, (result: any) => void>} */
const waiting = new Map();
let requests = 0;

/** Starts the engine, so that the first verdict does not wait for its download. */
export function startEngine() {
  if (worker !== undefined) return;
  try {
    worker = typeof WebAssembly === 'object' ? new Worker('assets/inspector-worker.js', { type: 'module' }) : null;
  } catch {
    worker = null;
  }
  if (!worker) return;
  worker.onmessage = ({ data: { id, result, isBroken } }) => {
    waiting.get(id)?.(result ?? null);
    waiting.delete(id);
    if (isBroken) stop(undefined);
  };
  worker.onerror = () => stop(null);
}

/** @param {File} file @returns {Promise<Inspection | null>} */
export function inspect(file) {
  return ask('inspect', [file]);
}

/** Compares files as the inputs of one package. @param {File[]} files @returns {Promise<Ladder | null>} */
export function align(files) {
  return ask('align', files);
}

function ask(action, files) {
  startEngine();
  if (!worker) return Promise.resolve(null);
  requests += 1;
  worker.postMessage({ id: requests, action, files });
  return new Promise((resolve) => waiting.set(requests, resolve));
}

/** Ends the worker. The next request starts another one, unless `next` is null. */
function stop(next) {
  worker?.terminate();
  worker = next;
  for (const resolve of waiting.values()) resolve(null);
  waiting.clear();
}
