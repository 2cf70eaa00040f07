// What npm's mpd-parser and m3u8-parser understand of manifests, as one JSON object by path, warnings and errors included.
//
//     node manifests.cjs FOLDER FILE...
//
// FOLDER holds node_modules.
const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const [folder, ...files] = process.argv.slice(2);
const load = createRequire(path.join(folder, "package.json"));

function mpd(text) {
  const said = [];
  const eventHandler = ({ type, message }) => said.push(`${type}: ${message}`);
  const understood = load("mpd-parser").parse(text, { manifestUri: "", eventHandler });
  // Playlists are Map-free but for sidx; the byte arrays of pssh become plain lists.
  return { said, understood };
}

function m3u8(text) {
  const said = [];
  const parser = new (load("m3u8-parser").Parser)();
  for (const event of ["warn", "info", "error"]) parser.on(event, ({ message }) => said.push(`${event}: ${message}`));
  parser.push(text);
  parser.end();
  return { said, understood: parser.manifest };
}

const answer = {};
for (const file of files) {
  const text = fs.readFileSync(file, "utf8");
  answer[file] = file.endsWith(".mpd") ? mpd(text) : m3u8(text);
}
process.stdout.write(JSON.stringify(answer, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value), 1));
