// The worker of `inspector.js`. The engine reads a file synchronously, by ranges, which only a worker can do.

import initialise, { align, inspect } from './engine/vpp_web.js';

/** The platform's default duration of segments. */
const SEGMENT_SECONDS = 6;

const ready = initialise();
// Reported with the answer to each request.
ready.catch(() => {});
const reader = new FileReaderSync();

/** @param {File} file @returns {(start: number, end: number) => Uint8Array} */
const readerOf = (file) => (start, end) => new Uint8Array(reader.readAsArrayBuffer(file.slice(start, end)));

const ACTIONS = {
  inspect: ([file]) => inspect(file.size, readerOf(file), SEGMENT_SECONDS),
  align: (files) => align(files.map((file) => [file.size, readerOf(file)]), SEGMENT_SECONDS),
};

self.onmessage = async ({ data: { id, action, files } }) => {
  try {
    await ready;
    self.postMessage({ id, result: JSON.parse(ACTIONS[action](files)) });
  } catch (error) {
    // The module cannot be used after a trap.
    self.postMessage({ id, isBroken: error instanceof WebAssembly.RuntimeError });
  }
};
