// Runs a CloudFront Function as its runtime does (cloudfront-js-2.0): a script that may require `crypto` only, and whose clock does
// not advance. Reads {code, now, events} from standard input, with `now` in milliseconds; writes the result of `handler` for each
// event to standard output. With `paths` in place of `events`, writes whether a request for each path is passed on.
const crypto = require("node:crypto");
const fs = require("node:fs");
const vm = require("node:vm");

const { code, now, events, paths } = JSON.parse(fs.readFileSync(0, "utf8"));

function load(name) {
  if (name !== "crypto") throw new Error(`the runtime has no module ${name}`);
  return crypto;
}

const context = vm.createContext({ require: load, now });
vm.runInContext("Date.now = () => now;", context);
vm.runInContext(code, context, { filename: "function.js" });
const handler = vm.runInContext("handler", context);
const isPassed = (uri) => handler({ request: { method: "GET", uri } }).uri === uri;
process.stdout.write(JSON.stringify(paths ? paths.map(isPassed) : events.map((event) => handler(event))));
