// What others make of events: ajv of their schema, standardwebhooks of their signatures.
//
//     node events.cjs FOLDER_OF_NODE_MODULES SCHEMA < {"events": [...], "deliveries": [{"headers": {}, "body": "", "secret": ""}]}
//
// prints a list of complaints. Here the schema is taken strictly: what it does not name must not be there.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const [folder, path] = process.argv.slice(2);
const load = createRequire(join(folder, "package.json"));
const Ajv = load("ajv/dist/2020").default;
const { Webhook } = load("standardwebhooks");

function strictly(schema) {
  if (Array.isArray(schema)) return schema.map(strictly);
  if (schema === null || typeof schema !== "object") return schema;
  const own = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, strictly(value)]));
  return schema.type === "object" ? { ...own, additionalProperties: false } : own;
}

const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
load("ajv-formats")(ajv);
const valid = ajv.compile(strictly(JSON.parse(readFileSync(path, "utf8"))));
const { events = [], deliveries = [] } = JSON.parse(readFileSync(0, "utf8"));

const complaints = [];
for (const event of [...events, ...deliveries.map(({ body }) => JSON.parse(body).data)]) {
  if (!valid(event)) complaints.push(`${event.id}: ${ajv.errorsText(valid.errors)}`);
}
for (const { headers, body, secret } of deliveries) {
  try {
    new Webhook(secret).verify(body, headers);
  } catch (error) {
    complaints.push(`${headers["webhook-id"]}: ${error.message}`);
  }
}
console.log(JSON.stringify(complaints));
