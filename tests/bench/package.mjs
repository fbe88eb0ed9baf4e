// What the npm package costs: importing it beside clients of the AWS SDK v3, crossing into it, its size, the memory of an apply, and
// how long a fleet of applies holds up the event loop.
//
//     node tests/bench/package.mjs             a release build, packed and installed as it is shipped
//     node tests/bench/package.mjs LIBRARY     the same with a library that is there
//
// Medians of several fresh processes.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HOME = new URL("../../", import.meta.url);
const NODE = new URL("node/", HOME);
/** Below the package, whose development dependencies are the clients of the AWS SDK. */
const APP = new URL("build/bench/", NODE);
const ROUNDS = 9;

const AWS = ["ec2", "elastic-load-balancing-v2", "kms"].map((name) => `@aws-sdk/client-${name}`);
const LOADS = {
  'require("xkslink")': 'require("xkslink");',
  'import "xkslink"': 'await import("xkslink");',
  "the same, and a `Client`, which loads the native part": 'const { Client } = await import("xkslink"); new Client();',
  "three clients of the AWS SDK v3, by `require`": `
    const [{ EC2Client }, { ElasticLoadBalancingV2Client }, { KMSClient }] = ${JSON.stringify(AWS)}.map((name) => require(name));
    for (const Client of [EC2Client, ElasticLoadBalancingV2Client, KMSClient]) new Client({ region: "eu-central-1" });`,
};

const CROSSING = `
  const { SimulatedAws } = require("xkslink/testing");
  const aws = new SimulatedAws({ instant: true });
  aws.now;
  const began = performance.now();
  for (let round = 0; round < 100_000; round += 1) aws.now;
  console.log((performance.now() - began) / 100_000 * 1e3);`;

const WORLD = `
  const { SimulatedAws } = require("xkslink/testing");
  console.log(new SimulatedAws({ hostedZones: ["example.com"], speed: 60 }).serve());
  setInterval(() => undefined, 1_000);`;

/** Applies so many stores at once, four in a Region. */
const APPLY = `
  const { monitorEventLoopDelay } = require("node:perf_hooks");
  const { Client } = require("xkslink");
  const [endpoint, stores] = process.argv.slice(1);
  const regions = ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-1"];
  const client = new Client({
    endpoint,
    credentials: { accessKeyId: "AKIA111122223333", secretAccessKey: "simulated" },
    credential: () => ({ accessKeyId: "ABCDEFGHIJKLMNOPQRSTUVWX", rawSecretAccessKey: "B".repeat(43) }),
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const apply = async (index) => {
    const plan = await client.plan({
      version: 1,
      name: "store-" + index,
      region: regions[index % regions.length],
      network: { type: "create", cidr: "10." + (60 + index) + ".0.0/24" },
      data_center: ["10.0.0.0/16"],
      link: { type: "vpn_gateway" },
      proxy: { addresses: ["10.0.8.10", "10.0.8.11"] },
      private_dns_name: "xks-" + index + ".payments.example.com",
      domain: { type: "route53" },
      key_store: { path: "/store-" + index + "/kms/xks/v1", credential: { type: "callback" } },
    });
    const run = client.apply(plan);
    let events = 0;
    for await (const _ of run) events += 1;
    if ((await run).outcome.status !== "complete") throw new Error("an apply did not end well");
    return events;
  };
  delay.enable();
  Promise.all(Array.from({ length: Number(stores) }, (_, index) => apply(index))).then((events) => {
    delay.disable();
    const told = events.reduce((all, each) => all + each, 0);
    console.log(JSON.stringify({ memory: process.resourceUsage().maxRSS / 1024, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6, told }));
  });`;

/** The AWS SDK warns of what it will need next year, wherever it is loaded. */
const env = { ...process.env, NODE_NO_WARNINGS: "1" };

const run = (program, args, cwd = NODE) => execFileSync(program, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const evaluated = (code, ...args) => run(process.execPath, ["--eval", code, ...args], APP);
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
const row = (what, measured, reach = "") => console.log(`| ${what} | ${measured} | ${reach} |`);

/** The library that cargo builds. The features are those of the whole workspace, so nothing else is compiled anew. */
function library() {
  const told = run("cargo", ["build", "--release", "--locked", "--package", "xkslink-node", "--message-format", "json"], HOME);
  const artifacts = told.split("\n").filter((line) => line.includes('"compiler-artifact"')).map((line) => JSON.parse(line));
  return artifacts.find(({ target }) => target.name === "xkslink_node").filenames[0];
}

/** Installs the packages as they are shipped; the sizes in MB of the one for this platform, unpacked and packed. */
function install(native) {
  rmSync(APP, { recursive: true, force: true });
  mkdirSync(APP, { recursive: true });
  writeFileSync(new URL("package.json", APP), '{ "private": true }');
  const { header } = process.report.getReport();
  const libc = process.platform === "linux" ? [header.glibcVersionRuntime ? "gnu" : "musl"] : [];
  const platform = [process.platform, process.arch, ...libc].join("-");
  run("npm", ["run", "--silent", "build"]);
  run(process.execPath, ["pack.mjs"]);
  run(process.execPath, ["pack.mjs", platform, native]);
  run("npm", ["pack", "--silent", "--pack-destination", fileURLToPath(APP), "./xkslink", `./${platform}`], new URL("build/packages/", NODE));
  const tarballs = readdirSync(APP).filter((file) => file.endsWith(".tgz"));
  run("npm", ["install", "--silent", "--offline", "--no-audit", "--no-fund", ...tarballs], APP);
  const unpacked = new URL(`node_modules/@xkslink/${platform}/`, APP);
  const bytes = readdirSync(unpacked).map((file) => statSync(new URL(file, unpacked)).size);
  const packed = tarballs.find((file) => file.includes(platform));
  return [bytes.reduce((all, each) => all + each) / 1e6, statSync(new URL(packed, APP)).size / 1e6];
}

/** Milliseconds of the code itself; starting Node is not in it. */
function loadTime(code) {
  const timed = `const began = performance.now(); (async () => { ${code} })().then(() => console.log(performance.now() - began));`;
  return median(Array.from({ length: ROUNDS }, () => Number(evaluated(timed))));
}

/** What a process tells that applies some stores against a world of its own, in another process, over HTTP. */
async function applied(stores) {
  const world = spawn(process.execPath, ["--eval", WORLD], { cwd: APP, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [url] = await once(world.stdout, "data");
    return JSON.parse(evaluated(APPLY, String(url).trim(), String(stores)));
  } finally {
    world.kill();
  }
}

const [, , given] = process.argv;
const [unpacked, packed] = install(given === undefined ? library() : resolve(given));
console.log(`Node ${process.versions.node}\n`);
console.log("| What | Measured | Reach |\n| --- | ---: | ---: |");
const times = Object.entries(LOADS).map(([what, code]) => [what, loadTime(code)]);
for (const [what, time] of times) row(what, `${time.toFixed(1)} ms`);
const [[, required], [, imported], , [, clients]] = times;
row("the slower of `require` and `import`, to the three clients", (Math.max(required, imported) / clients).toFixed(2), "0.33");
row("a call that does nothing", `${Number(evaluated(CROSSING)).toFixed(1)} µs`);
row("package of the platform, unpacked", `${unpacked.toFixed(1)} MB`, "12 MB");
row("the same, packed", `${packed.toFixed(1)} MB`);
row("peak memory of a process that loads nothing", `${(Number(evaluated("console.log(process.resourceUsage().maxRSS)")) / 1024).toFixed(0)} MB`);
row("peak memory of a process that applies", `${(await applied(1)).memory.toFixed(0)} MB`);
const fleet = await applied(20);
row("the same, 20 stores at once", `${fleet.memory.toFixed(0)} MB`);
row(`event loop meanwhile, ${fleet.told} events: 99th percentile of its delay`, `${fleet.p99.toFixed(1)} ms`, "15 ms");
row("longest delay", `${fleet.max.toFixed(1)} ms`);
