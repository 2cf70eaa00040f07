// Inspects files with the page's WebAssembly module: `node engine.mjs FOLDER`, with the list of files as JSON on standard input.
// Prints a line for each: the inspection. A file is read by ranges, as the page reads it.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const SEGMENT_SECONDS = 6;

const [folder] = process.argv.slice(2);
const { initSync, inspect } = await import(pathToFileURL(path.join(folder, 'vpp_web.js')).href);
initSync({ module: fs.readFileSync(path.join(folder, 'vpp_web_bg.wasm')) });
for (const name of JSON.parse(fs.readFileSync(0, 'utf8'))) {
  const file = fs.openSync(name, 'r');
  const read = (start, end) => {
    const bytes = new Uint8Array(end - start);
    const count = fs.readSync(file, bytes, 0, bytes.length, start);
    return bytes.subarray(0, count);
  };
  console.log(inspect(fs.fstatSync(file).size, read, SEGMENT_SECONDS));
  fs.closeSync(file);
}
