// Keeps many stores as their documents say: a folder of documents, several at a time.
//
//     node build/fleet.js stores/ --at-once 4
//
// What would replace, delete or disconnect something is left to a person. Ctrl-C lets all runs go; the same command goes on.
// Exit codes: 0 all as wanted, 1 some failed or need a person, 130 interrupted.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client, Connectivity, XksError } from "xkslink";
import { isMain, say } from "./program.js";

export interface Fleet {
  readonly folder: string;
  readonly atOnce: number;
  readonly signal?: AbortSignal;
  readonly print: (line: string) => void;
}

export async function fleet(client: Client, { folder, atOnce, signal, print }: Fleet): Promise<number> {
  const waiting = (await readdir(folder)).filter((file) => /\.(json|toml|ya?ml)$/.test(file)).sort();
  let well = true;
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const said = await keep(client, join(folder, file), signal).catch((error: unknown) => {
        if (!(error instanceof XksError) || error.kind === "cancelled") throw error;
        well = false;
        return `${error.message}; ${error.help}`;
      });
      if (said.startsWith("needs a person")) well = false;
      print(`${file}: ${said}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce >= 1 ? atOnce : 1 }, worker));
  return well ? 0 : 1;
}

async function keep(client: Client, path: string, signal: AbortSignal | undefined): Promise<string> {
  const plan = await client.plan(await Connectivity.fromFile(path), { signal });
  if (plan.isEmpty) return "as wanted";
  if (plan.needsConsent.length > 0) return `needs a person, who agrees to ${plan.needsConsent.join(", ")}`;
  const { outcome } = await client.apply(plan, { signal });
  return outcome.status === "waiting_for_dns" ? `needs a person, who publishes ${outcome.record.name}` : `${plan.steps.length} steps, complete`;
}

if (isMain(import.meta.url)) {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  await say(() => {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { "at-once": { type: "string", default: "4" } } });
    const atOnce = Number(values["at-once"]);
    return fleet(new Client(), { folder: positionals[0] ?? ".", atOnce, signal: interrupted.signal, print: console.log });
  });
}
