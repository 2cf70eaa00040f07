// Runs a function of the CDN as its runtime does (cloudfront-js-2.0): a script that may require `crypto` and nothing else, and
// whose clock stands still. Standard input has {code, now, events}, `now` in milliseconds; standard output gets what `handler`
// answers to each event.
const crypto = require("node:crypto");
const fs = require("node:fs");
const vm = require("node:vm");

const { code, now, events } = JSON.parse(fs.readFileSync(0, "utf8"));

function load(name) {
  if (name !== "crypto") throw new Error(`the edge has no module ${name}`);
  return crypto;
}

const world = vm.createContext({ require: load, now });
vm.runInContext("Date.now = () => now;", world);
vm.runInContext(code, world, { filename: "edge.js" });
const handle = vm.runInContext("handler", world);
process.stdout.write(JSON.stringify(events.map((event) => handle(event))));
