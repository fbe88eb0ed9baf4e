// Garbage at every function that is exported, and at every method of what they make: a thrown error or a rejected promise, and
// the process goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as xkslink from "xkslink";
import * as testing from "xkslink/testing";
import { SPEC, stage } from "./setting.mjs";

/** Pseudo-random numbers, the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;
const hostile = new Proxy({}, {
  get() {
    throw new Error("no");
  },
  ownKeys() {
    throw new Error("no");
  },
});
const thrower = {
  toJSON() {
    throw new Error("no");
  },
  toString() {
    throw new Error("no");
  },
};

const GARBAGE: readonly unknown[] = [
  undefined, null, true, 0, -1, NaN, Infinity, 2 ** 53, 1n, "", "x".repeat(70_000), "\0", "\ud800", "{}", "[[[[", "__proto__", "cks-1234",
  Symbol("s"), [], [undefined], new Array(1000).fill([]), {}, { __proto__: null }, { toString: 5 }, cycle, hostile, thrower,
  () => undefined, class {}, async () => 1, /x/, new Date(NaN), new Map([[1, 2]]), new Uint8Array(8), new ArrayBuffer(0),
  Promise.resolve(1), new WeakMap(), AbortSignal.abort(), { signal: {} }, { region: 5 }, { consent: [null] }, { onEvent: "no" },
  { ...SPEC, proxy: cycle }, { ...SPEC, name: { toJSON: () => 1n } }, { type: "create" }, new Proxy(() => undefined, {}),
];

/** Every function that can be reached from an object by name. */
function functionsOf(value: object): [string, (...given: unknown[]) => unknown][] {
  const found = new Map<string, (...given: unknown[]) => unknown>();
  for (let at: object | null = value; at !== null && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, field] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof field.value === "function" && name !== "constructor" && !found.has(name)) found.set(name, field.value);
    }
  }
  return [...found];
}

test("garbage is refused with an error, and crashes nothing", { timeout: 120_000 }, async () => {
  const random = numbers(2026);
  const pick = () => GARBAGE[Math.floor(random.next().value * GARBAGE.length)];
  const { aws, client } = stage();
  const plan = await client.plan(SPEC);
  const made: [string, object][] = [
    ["xkslink", xkslink], ["testing", testing], ["Client", client], ["SimulatedAws", aws], ["Plan", plan],
    ["Connectivity", xkslink.Connectivity.from(SPEC)], ["Status", await client.status(SPEC)],
    ["Facts", await client.facts(SPEC)], ["Verification", await client.verify(SPEC)],
    ["XksError", new xkslink.XksError({ kind: "aws", message: "" })],
    ...Object.entries({ ...xkslink, ...testing }).filter((entry): entry is [string, never] => typeof entry[1] === "function"),
  ];
  let calls = 0;
  const settle = async (call: () => unknown, what: string) => {
    calls += 1;
    try {
      await call();
    } catch (error) {
      assert.ok(error instanceof Error, `${what} threw ${typeof error}`);
      if (error instanceof xkslink.XksError) assert.notEqual(error.kind, "internal", `${what}: ${error.message}`);
    }
  };
  for (const [name, owner] of made) {
    for (const [method, call] of functionsOf(owner)) {
      if (method === "close" || method === "wait") continue;
      for (let round = 0; round < 25; round += 1) {
        const given = Array.from({ length: Math.floor(random.next().value * 4) }, pick);
        const what = `${name}.${method}`;
        await settle(() => call.apply(owner, given), what);
        if (round % 5 === 0) await settle(() => call.apply(pick(), given), `${what} of something else`);
        if (/^[A-Z]/.test(method)) await settle(() => Reflect.construct(call, given), `new ${what}`);
      }
    }
  }
  assert.ok(calls > 2_000, `${calls} calls`);
  assert.ok((await stage().client.plan(SPEC)).steps.length > 0, "everything still works");
});

test("every event, answer and signal may misbehave", async () => {
  for (const garbage of GARBAGE) {
    const { client } = stage({ credential: () => garbage as never });
    await assert.rejects(async () => client.apply(await client.plan(SPEC), { onEvent: () => garbage }), Error);
  }
});
