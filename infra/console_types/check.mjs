// Checks the types of the console's scripts: `node check.mjs OPENAPI.json`.
//
// The types of requests and responses are generated from the API's document, so a script that expects other fields or statuses
// than the API sends has an error here. Prints every error, and exits with 1 if there are any.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import openapiTypes, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SCRIPTS = path.join(HERE, '..', 'console', 'assets');
/** Written by the build of the module, without types. */
const ENGINE = path.join(HERE, 'engine.d.ts');

const document = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vpp-console-types-'));
try {
  const generated = path.join(folder, 'openapi.d.ts');
  fs.writeFileSync(generated, astToString(await openapiTypes(document)));
  const scripts = fs.readdirSync(SCRIPTS, { recursive: true }).filter((name) => name.endsWith('.js')).map((name) => path.join(SCRIPTS, name));
  const program = ts.createProgram([path.join(HERE, 'api.d.ts'), ENGINE, ...scripts], {
    allowJs: true, checkJs: true, noEmit: true, strict: true, noImplicitAny: false, useUnknownInCatchVariables: false,
    target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'], types: [], paths: { openapi: [generated] },
  });
  const errors = ts.getPreEmitDiagnostics(program);
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => path.join(HERE, '..', '..'), getNewLine: () => '\n' };
  process.stdout.write(ts.formatDiagnostics(errors, host));
  process.exitCode = errors.length > 0 ? 1 : 0;
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
