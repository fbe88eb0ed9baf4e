// What is let go of is gone.

import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { Client } from "xkslink";
import { SimulatedAws } from "xkslink/testing";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the process, once all is collected that can be. */
async function held(): Promise<number> {
  for (let round = 0; round < 5; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage().rss;
}

test("a thousand clients leave nothing behind", async () => {
  const aws = new SimulatedAws();
  const thousand = async (): Promise<number> => {
    for (let index = 0; index < 1_000; index += 1) {
      new Client({ simulated: aws, credentials: () => assert.fail(), credential: () => assert.fail(), publish: () => undefined }).close();
    }
    return held();
  };
  // The allocator takes some rounds until it has what it needs.
  for (let round = 0; round < 3; round += 1) await thousand();
  const before = await held();
  const grown = (await thousand()) - before;
  assert.ok(grown < 4 * 2 ** 20, `${(grown / 2 ** 20).toFixed(1)} MiB more`);
});
