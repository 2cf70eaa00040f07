// Validates documents against a JSON Schema with ajv.
//
//     node json-schema.cjs FOLDER_OF_NODE_MODULES SCHEMA < [documents]
//
// Prints a list of errors.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const [folder, path] = process.argv.slice(2);
const load = createRequire(join(folder, "package.json"));
const Ajv = load("ajv/dist/2020").default;
const ajv = new Ajv({ allErrors: true });
const validate = ajv.compile(JSON.parse(readFileSync(path, "utf8")));

const errors = [];
for (const document of JSON.parse(readFileSync(0, "utf8"))) {
  if (!validate(document)) errors.push(`${JSON.stringify(document)}: ${ajv.errorsText(validate.errors)}`);
}
console.log(JSON.stringify(errors));
