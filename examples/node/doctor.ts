// Says why keys fail: from a message alone, or with a look at AWS when a store is named.
//
//     node build/doctor.js < error.txt
//     node build/doctor.js --store cks-1234567890abcdef0 --region eu-central-1 < error.txt
//
// Exit codes: 0 nothing found, 5 a cause was found or accused.

import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { Client, diagnoseText } from "xkslink";
import { isMain, say } from "./program.js";

export interface Complaint {
  /** What was seen: an error, a message, a log. */
  readonly told: string;
  readonly store?: string | undefined;
  readonly region?: string | undefined;
  readonly print: (line: string) => void;
}

export async function doctor(client: () => Client, { told, store, region, print }: Complaint): Promise<number> {
  const diagnosis = store === undefined ? diagnoseText(told) : await client().diagnose(store, { region, told });
  print(String(diagnosis));
  return diagnosis.causes.length > 0 ? 5 : 0;
}

if (isMain(import.meta.url)) {
  await say(async () => {
    const { values } = parseArgs({ options: { store: { type: "string" }, region: { type: "string" } } });
    const told = process.stdin.isTTY ? "" : await text(process.stdin);
    return doctor(() => new Client(), { told, ...values, print: console.log });
  });
}
