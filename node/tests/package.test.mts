// What is published, installed from its tarballs into an empty folder: it runs what the README shows, in both module systems, also in
// Bun and Deno; and where its native part is missing or does not fit, it says so.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SimulatedAws } from "xkslink/testing";
import { KEY_ID, SECRET } from "./setting.mjs";

const HOME = new URL("../../", import.meta.url);
const APP = new URL("build/app/", HOME);
const PACKAGES = new URL("build/packages/", HOME);

interface Platform {
  name: string;
  os: string;
  cpu: string;
  libc?: string;
}

const read = <T,>(path: string, base = HOME): T => JSON.parse(readFileSync(new URL(path, base), "utf8")) as T;
const platforms = read<Platform[]>("xkslink/platforms.json");
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const libraries = [undefined, header.glibcVersionRuntime === undefined ? "musl" : "glibc"];
const here = platforms.find(({ os, cpu, libc }) => os === process.platform && cpu === process.arch && libraries.includes(libc)) as Platform;

/** Runs a program in a folder; what it printed. */
async function run(program: string, args: readonly string[], cwd: URL, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  // What the test runner tells its children would let a `node --test` below be one of them.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const { stdout } = await promisify(execFile)(program, args, { cwd, env: { ...inherited, ...environment } });
  return stdout;
}

/** A program among the development dependencies. */
const installed = (name: string) => fileURLToPath(new URL(`node_modules/.bin/${name}`, HOME));

const node = (args: readonly string[], environment?: NodeJS.ProcessEnv) => run(process.execPath, args, APP, environment);

before(async () => {
  const library = fileURLToPath(new URL("xkslink.node", HOME));
  await run(process.execPath, ["pack.mjs"], HOME);
  await run(process.execPath, ["pack.mjs", here.name, library], HOME);
  rmSync(APP, { recursive: true, force: true });
  mkdirSync(APP);
  await run("npm", ["pack", "--silent", "--pack-destination", fileURLToPath(APP), "./xkslink", `./${here.name}`], PACKAGES);
  writeFileSync(new URL("package.json", APP), '{ "private": true, "type": "module" }');
  const tarballs = readdirSync(APP).filter((file) => file.endsWith(".tgz"));
  // The packages of other platforms are optional, and not published; nothing is asked of a registry.
  await run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs], APP);
});

/** The programs of the README, by the names in their first lines. */
function programs(): Map<string, string> {
  const blocks = readFileSync(new URL("README.md", HOME), "utf8").matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, name, text]) => [name as string, text as string]));
}

test("what the README shows compiles strictly and runs", async () => {
  const shown = programs();
  assert.deepEqual([...shown.keys()], ["store.ts", "deploy.ts", "store.test.ts"]);
  for (const [name, text] of shown) writeFileSync(new URL(name, APP), text);
  const { compilerOptions } = read<{ compilerOptions: { strict: boolean } }>("tsconfig.json");
  assert.ok(compilerOptions.strict);
  const options = { ...compilerOptions, rootDir: ".", outDir: ".", declaration: false };
  writeFileSync(new URL("tsconfig.json", APP), JSON.stringify({ compilerOptions: options, files: [...shown.keys()] }));
  await run(installed("tsc"), ["-p", "."], APP);

  const credential = { XKS_KEY_ID: KEY_ID, XKS_SECRET: SECRET };
  assert.match(await node(["--test", "store.test.js"], credential), /^# pass 1$/m);

  const aws = new SimulatedAws({ hostedZones: ["example.com"], instant: true, speed: 10_000 });
  const keys = { AWS_ACCESS_KEY_ID: "AKIA111122223333", AWS_SECRET_ACCESS_KEY: "simulated" };
  const lines = await node(["deploy.js"], { ...credential, ...keys, AWS_ENDPOINT_URL: aws.serve() });
  assert.equal(lines.trimEnd().split("\n").at(-1), "complete");
  const world = aws.world() as { kms: { stores: unknown } };
  assert.match(JSON.stringify(world.kms), /payments-hsm/);
  aws.close();
});

test("CommonJS requires the same names", async () => {
  const program = `
    const { Client, XksError } = require("xkslink");
    const { SimulatedAws } = require("xkslink/testing");
    new Client({ simulated: new SimulatedAws() }).plan({}).catch((error) => console.log(error instanceof XksError, error.kind));
  `;
  assert.equal(await node(["--input-type=commonjs", "--eval", program]), "true invalid_spec\n");
});

for (const [runtime, ...flags] of [["bun"], ["deno", "run", "--allow-all"]] as const) {
  test(`${runtime} runs it`, async () => {
    for (const file of ["smoke.mjs", "setting.mjs"]) cpSync(new URL(file, import.meta.url), new URL(file, APP));
    assert.equal(await run(installed(runtime), [...flags, "smoke.mjs"], APP), "well\n");
  });
}

test("the loader, the packages and the versions go by one list", () => {
  const { version, optionalDependencies, ...main } = read<Record<string, unknown>>("package.json", new URL("xkslink/", PACKAGES));
  assert.deepEqual(optionalDependencies, Object.fromEntries(platforms.map(({ name }) => [`@xkslink/${name}`, version])));
  assert.equal(main["scripts"], undefined, "nothing runs when it is installed");
  for (const { name, os, cpu, libc } of platforms) {
    assert.equal(name, [os, cpu, ...(os === "linux" ? [libc === "musl" ? "musl" : "gnu"] : [])].join("-"));
  }
  const part = read<Record<string, unknown>>("package.json", new URL(`${here.name}/`, PACKAGES));
  assert.deepEqual([part["os"], part["cpu"], part["libc"]], [[here.os], [here.cpu], here.libc && [here.libc]]);
  assert.equal(part["version"], version);
  assert.equal(part["scripts"], undefined);
});

/** What the first call says in a process that differs from this one by some statements, and has one package or none. */
async function refusal(differing: string, native?: string): Promise<{ kind: string; message: string; help: string; cause: string | null }> {
  const bare = new URL("build/bare/", HOME);
  rmSync(bare, { recursive: true, force: true });
  cpSync(new URL("node_modules/xkslink", APP), new URL("node_modules/xkslink", bare), { recursive: true });
  writeFileSync(new URL("package.json", bare), "{}");
  if (native !== undefined) {
    const place = new URL(`node_modules/@xkslink/${here.name}/`, bare);
    mkdirSync(place, { recursive: true });
    writeFileSync(new URL("package.json", place), '{ "main": "xkslink.node" }');
    writeFileSync(new URL("xkslink.node", place), native);
  }
  const program = `
    const is = (name, value) => Object.defineProperty(process, name, { value });
    const { Client } = require("xkslink");
    ${differing}
    try {
      new Client();
    } catch ({ kind, message, help, cause }) {
      console.log(JSON.stringify({ kind, message, help, cause: cause?.code ?? null }));
    }
  `;
  return JSON.parse(await run(process.execPath, ["--input-type=commonjs", "--eval", program], bare)) as Awaited<ReturnType<typeof refusal>>;
}

test("without a native part that fits, the first call says what to do", async () => {
  const missing = await refusal("");
  assert.equal(missing.kind, "unsupported");
  assert.match(missing.message, /^xkslink on \w+ \w+.*, Node [\d.]+: the native part is not installed$/);
  assert.match(missing.help, /^run `npm install xkslink --include=optional` on the machine that runs it/);
  assert.ok(missing.help.includes(`@xkslink/${here.name}`));

  // As on Alpine, with what was installed on Debian.
  const musl = await refusal('is("platform", "linux"); process.report.getReport = () => ({ header: {} });', "no library");
  assert.match(musl.message, /^xkslink on linux \w+ musl, .*: the native part does not load$/);
  assert.match(musl.help, /installed on another system, run `npm install xkslink --include=optional`/);
  assert.equal(musl.cause, "ERR_DLOPEN_FAILED");

  const strange = await refusal('is("arch", "riscv64");');
  assert.match(strange.message, /^xkslink on \w+ riscv64.*: there is no native part$/);
  assert.match(strange.help, /^it is made for linux-x64-gnu, .*, win32-x64; elsewhere build it .* `make node`$/);

  const old = await refusal('is("versions", { ...process.versions, node: "18.20.1" });');
  assert.match(old.message, /, Node 18\.20\.1: this Node is too old$/);
  assert.equal(old.help, `use Node ${/\d+/.exec(read<{ engines: { node: string } }>("package.json").engines.node)?.[0]} or later`);
});
