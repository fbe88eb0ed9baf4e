// Deploys a document: shows the plan, asks, applies it, and says how it ended.
//
//     node build/deploy.js store.toml
//     node build/deploy.js store.toml --yes --consent replace --consent disconnect
//
// In a terminal the steps are a live list, elsewhere a line for each event. Ctrl-C lets go; the same command goes on from there.
// Exit codes: 0 done, 1 failed, 3 nobody said yes, 4 waiting until a TXT record is published, 130 interrupted.

import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Listr } from "listr2";
import { Client, type Consent, Connectivity, type Plan, type Report, type ResourceId, type Run } from "xkslink";
import { isMain, say } from "./program.js";

export interface Deployment {
  readonly path: string;
  readonly consent: readonly Consent[];
  /** Says yes or no to a plan. */
  readonly approves: (plan: Plan) => Promise<boolean>;
  readonly signal?: AbortSignal;
  readonly print: (line: string) => void;
  /** Whether the steps are shown as a live list. */
  readonly live: boolean;
}

export async function deploy(client: Client, { path, consent, approves, signal, print, live }: Deployment): Promise<number> {
  const plan = await client.plan(await Connectivity.fromFile(path), { signal });
  print(String(plan));
  if (plan.isEmpty) return 0;
  const missing = plan.needsConsent.filter((word) => !consent.includes(word));
  if (missing.length > 0) {
    print(`not applied: it needs the consent ${missing.join(", ")}`);
    return 3;
  }
  if (!(await approves(plan))) return 3;
  const run = client.apply(plan, { consent, signal });
  const report = live ? await listed(plan, run) : await told(run, print);
  print(String(report));
  return report.outcome.status === "waiting_for_dns" ? 4 : 0;
}

/** A line for each event. */
async function told(run: Run, print: (line: string) => void): Promise<Report> {
  for await (const event of run) print(String(event));
  return run;
}

const nameOf = ({ kind, key }: ResourceId): string => [kind.replaceAll("_", " "), key].filter(Boolean).join(" ");

/** A step in the list: how it ends, and where it shows what it waits for. */
class Entry {
  end: (error?: Error) => void = () => undefined;
  readonly ended = new Promise<void>((resolve, reject) => (this.end = (error) => (error === undefined ? resolve() : reject(error))));
  shown: { output: string } | undefined;

  /** Looks are many, and most see what the one before saw. */
  waits(text: string): void {
    if (this.shown !== undefined && this.shown.output !== text) this.shown.output = text;
  }
}

/** A list with an entry for each step, which says what it waits for. */
async function listed(plan: Plan, run: Run): Promise<Report> {
  const entries = new Map(plan.steps.map((step) => [nameOf(step.resource), new Entry()]));
  const list = new Listr(
    plan.steps.map((step) => ({
      title: `${step.action} ${nameOf(step.resource)}`,
      task: (_, task) => {
        const entry = entries.get(nameOf(step.resource));
        if (entry !== undefined) entry.shown = task;
        return entry?.ended;
      },
    })),
    { concurrent: true, exitOnError: false },
  );
  const drawn = list.run();
  try {
    for await (const event of run) {
      if (!("resource" in event)) continue;
      const entry = entries.get(nameOf(event.resource));
      if (event.type === "waiting") entry?.waits(`${event.state}, until ${event.until}`);
      else if (event.type === "step_done") entry?.end();
      else if (event.type === "step_failed") entry?.end(new Error(event.error.message));
    }
  } finally {
    for (const entry of entries.values()) entry.end();
    await drawn;
  }
  return run;
}

if (isMain(import.meta.url)) {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const ask = async () => {
    if (!process.stdin.isTTY) return false;
    const lines = createInterface(process.stdin, process.stdout);
    const answer = await lines.question("Apply? [y/N] ");
    lines.close();
    return answer.toLowerCase() === "y";
  };
  await say(() => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { yes: { type: "boolean", default: false }, consent: { type: "string", multiple: true, default: [] } },
    });
    return deploy(new Client(), {
      path: positionals[0] ?? "store.toml",
      consent: values.consent as Consent[],
      approves: values.yes ? async () => true : ask,
      signal: interrupted.signal,
      print: console.log,
      live: process.stdout.isTTY,
    });
  });
}
