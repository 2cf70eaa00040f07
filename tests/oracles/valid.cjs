// Which documents a JSON Schema does not allow, as ajv understands it.
//
//     node valid.cjs FOLDER_OF_NODE_MODULES SCHEMA < [documents]
//
// prints a list of complaints.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const [folder, path] = process.argv.slice(2);
const load = createRequire(join(folder, "package.json"));
const Ajv = load("ajv/dist/2020").default;
const ajv = new Ajv({ allErrors: true });
const valid = ajv.compile(JSON.parse(readFileSync(path, "utf8")));

const complaints = [];
for (const document of JSON.parse(readFileSync(0, "utf8"))) {
  if (!valid(document)) complaints.push(`${JSON.stringify(document)}: ${ajv.errorsText(valid.errors)}`);
}
console.log(JSON.stringify(complaints));
