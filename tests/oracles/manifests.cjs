// Parses manifests with npm's mpd-parser and m3u8-parser. Prints a JSON object with the result and the parser's messages by path.
//
//     node manifests.cjs FOLDER FILE...
//
// FOLDER contains node_modules.
const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const [folder, ...files] = process.argv.slice(2);
const load = createRequire(path.join(folder, "package.json"));

function mpd(text) {
  const messages = [];
  const eventHandler = ({ type, message }) => messages.push(`${type}: ${message}`);
  const parsed = load("mpd-parser").parse(text, { manifestUri: "", eventHandler });
  return { messages, parsed };
}

function m3u8(text) {
  const messages = [];
  const parser = new (load("m3u8-parser").Parser)();
  for (const event of ["warn", "info", "error"]) parser.on(event, ({ message }) => messages.push(`${event}: ${message}`));
  parser.push(text);
  parser.end();
  return { messages, parsed: parser.manifest };
}

const results = {};
for (const file of files) {
  const text = fs.readFileSync(file, "utf8");
  results[file] = file.endsWith(".mpd") ? mpd(text) : m3u8(text);
}
// Typed arrays (pssh) are written as plain arrays.
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
process.stdout.write(JSON.stringify(results, plain, 1));
