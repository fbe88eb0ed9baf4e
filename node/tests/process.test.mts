// Processes and threads: what keeps a process alive, what ends it, and that many instances stay out of each other's way.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

const SETTING = new URL("setting.mjs", import.meta.url).href;

/** Runs a program in a process of its own: how it ended, and what it printed. */
async function program(text: string, ...flags: string[]): Promise<{ code: number | null; signal: string | null; out: string }> {
  const source = `import { stage, made, SPEC } from ${JSON.stringify(SETTING)};\n${text}`;
  const child = spawn(process.execPath, [...flags, "--input-type=module", "--eval", source], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, out };
}

test("a run keeps the process alive until its end, and nothing does afterwards", async () => {
  const ended = await program(`
    const { client } = stage();
    client.apply(await client.plan(SPEC)).then((report) => console.log(report.outcome.status));
  `);
  assert.deepEqual(ended, { code: 0, signal: null, out: "complete\n" });
});

test("clients, worlds and callbacks that wait keep no process alive", async () => {
  const ended = await program("const { aws, client } = stage(); await client.plan(SPEC); aws.serve(); globalThis.kept = [aws, client];");
  assert.equal(ended.code, 0);
});

test("a process that exits, or ends by itself, in the middle of a run does so at once", async () => {
  const ended = await program("const { client } = stage(); for await (const event of client.apply(await client.plan(SPEC))) if (event.number === 5) process.exit(7);");
  assert.deepEqual([ended.code, ended.signal], [7, null]);
});

test("a run that nobody awaits and that fails is an unhandled rejection, as of any promise", async () => {
  const ended = await program(`
    process.on("unhandledRejection", (error) => { console.log(error.kind); process.exit(3); });
    stage().client.apply({});
  `);
  assert.deepEqual([ended.code, ended.out], [3, "invalid_argument\n"]);
});

test("worker threads have clients of their own, and may be terminated in the middle of a run", async () => {
  const text = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(SETTING)}).then(async ({ stage, SPEC }) => {
      const { client } = stage();
      const run = client.apply(await client.plan(SPEC));
      for await (const event of run) if (event.number === 5) parentPort.postMessage("under way");
      parentPort.postMessage((await run).outcome.status);
    });
  `;
  const workers = Array.from({ length: 4 }, () => new Worker(text, { eval: true }));
  await Promise.all(
    workers.map(async (worker, index) => {
      const [said] = (await once(worker, "message")) as [string];
      assert.equal(said, "under way");
      if (index % 2 === 0) return void (await worker.terminate());
      const [status] = (await once(worker, "message")) as [string];
      assert.equal(status, "complete");
      await once(worker, "exit");
    }),
  );
});
