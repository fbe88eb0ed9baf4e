// What every runtime must be able to do. Run by Bun and Deno; imports nothing of `node:test`, which they have in part.

import assert from "node:assert/strict";
import { XksError } from "xkslink";
import { SPEC, made, stage } from "./setting.mjs";

const { aws, client } = stage();
const run = client.apply(await client.plan(SPEC));
let heard = 0;
for await (const _ of run) heard += 1;
assert.equal((await run).outcome.status, "complete");
assert.ok(heard > 10);
assert.equal(aws.census()["vpcs"], 1);

const stopped = new AbortController();
const refused = client.teardown(SPEC, { consent: "disconnect", signal: stopped.signal, onEvent: () => stopped.abort() });
await assert.rejects(async () => refused, { name: "AbortError", kind: "cancelled" });
assert.equal((await client.teardown(SPEC, { consent: "disconnect" })).outcome.status, "complete");

const own = new RangeError("the vault is sealed");
const sealed = stage({ credential: () => Promise.reject(own) });
await assert.rejects(made(sealed.client), (error) => error instanceof XksError && error.kind === "callback" && error.cause === own);
await assert.rejects(client.plan({} as never), { kind: "invalid_spec" });
console.log("well");
