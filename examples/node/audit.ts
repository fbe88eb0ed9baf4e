// Holds stores of any origin against every rule, for a nightly job: a summary in Markdown, and a page for each store as evidence.
//
//     node build/audit.js --region eu-central-1 --pages evidence cks-1234567890abcdef0 payments.toml
//
// Exit codes: 0 all rules hold, 1 a store could not be looked at, 5 a rule does not hold.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client, Connectivity, type Target, XksError } from "xkslink";
import { isMain, say } from "./program.js";

export interface Audit {
  /** Files of specs, or names of stores. */
  readonly stores: readonly string[];
  /** Region of stores that are named. */
  readonly region?: string | undefined;
  /** A folder for pages. */
  readonly pages?: string | undefined;
  readonly print: (line: string) => void;
}

export async function audit(client: Client, { stores, region, pages, print }: Audit): Promise<number> {
  if (stores.length === 0) {
    print("name the stores, or give files of their specs");
    return 1;
  }
  if (pages !== undefined) await mkdir(pages, { recursive: true });
  print("| store | holds | fails | unknown | to do first |\n| --- | --- | --- | --- | --- |");
  const codes = stores.map(async (store) => {
    const target: Target = /\.(json|toml|ya?ml)$/.test(store) ? await Connectivity.fromFile(store) : store;
    try {
      const found = await client.verify(target, { region });
      const count = (verdict: string) => found.checks.filter((check) => check.verdict === verdict).length;
      const [first] = found.failures;
      const todo = first === undefined ? "" : `${first.rule}: ${first.remedy}`;
      print(`| ${found.target} | ${count("pass")} | ${count("fail")} | ${count("unknown")} | ${todo} |`);
      if (pages !== undefined) await writeFile(join(pages, `${found.target}.html`), found.toHtml());
      return first === undefined ? 0 : 5;
    } catch (error) {
      if (!(error instanceof XksError)) throw error;
      print(`| ${store} | | | | ${error.message}: ${error.help} |`);
      return 1;
    }
  });
  const ended = await Promise.all(codes);
  return ended.includes(1) ? 1 : Math.max(0, ...ended);
}

if (isMain(import.meta.url)) {
  await say(() => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { region: { type: "string" }, pages: { type: "string" } },
    });
    return audit(new Client(), { stores: positionals, ...values, print: console.log });
  });
}
