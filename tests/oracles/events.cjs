// Validates events with ajv against their JSON Schema, and webhook signatures with standardwebhooks.
//
//     node events.cjs FOLDER_OF_NODE_MODULES SCHEMA < {"events": [...], "deliveries": [{"headers": {}, "body": "", "secret": ""}]}
//
// Prints a list of errors. The schema is applied strictly: members that it does not define are errors.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const [folder, path] = process.argv.slice(2);
const load = createRequire(join(folder, "package.json"));
const Ajv = load("ajv/dist/2020").default;
const { Webhook } = load("standardwebhooks");

function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== "object") return schema;
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, strict(value)]));
  return schema.type === "object" ? { ...members, additionalProperties: false } : members;
}

const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
load("ajv-formats")(ajv);
const validate = ajv.compile(strict(JSON.parse(readFileSync(path, "utf8"))));
const { events = [], deliveries = [] } = JSON.parse(readFileSync(0, "utf8"));

const errors = [];
for (const event of [...events, ...deliveries.map(({ body }) => JSON.parse(body).data)]) {
  if (!validate(event)) errors.push(`${event.id}: ${ajv.errorsText(validate.errors)}`);
}
for (const { headers, body, secret } of deliveries) {
  try {
    new Webhook(secret).verify(body, headers);
  } catch (error) {
    errors.push(`${headers["webhook-id"]}: ${error.message}`);
  }
}
console.log(JSON.stringify(errors));
