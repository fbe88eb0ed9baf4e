// The shared scenarios from Node: the same bytes as from Rust, which wrote its documents to target/scenarios.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { Client, Plan, type Report, type Run, type Spec, type Status, type Verification, XksError } from "xkslink";
import { type Deed, SimulatedAws } from "xkslink/testing";
import { KEY_ID, SECRET } from "./setting.mjs";

const HOME = new URL("../../../", import.meta.url);
const SCENARIOS = new URL("tests/scenarios/", HOME);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Table = { [name: string]: Json };

interface RunOf extends Table {
  verb: string;
}

/** What a run came to. */
interface Took {
  plan?: Plan;
  report?: Report | undefined;
  status?: Status;
  verification?: Verification;
  error?: Table;
  events: Json[];
  cut: boolean;
}

const isTable = (value: Json | undefined): value is Table => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: Json | undefined): Table[] => (value ?? []) as Table[];

/** Merges an edit; a table with another `type` takes the place of the old one. */
function merge(old: Json | undefined, edit: Json): Json {
  if (!isTable(old) || !isTable(edit) || (edit["type"] ?? old["type"] ?? null) !== (old["type"] ?? null)) return edit;
  return { ...old, ...Object.fromEntries(Object.entries(edit).map(([name, value]) => [name, merge(old[name], value)])) };
}

function at(value: Json, path: string): Json {
  return path.split(".").reduce<Json>((found, part) => {
    const inner = (found as Table | null)?.[part];
    assert.notEqual(inner, undefined, `no ${path}`);
    return inner as Json;
  }, value);
}

/** Puts saved values in the place of references. */
function resolve(value: Json, saved: Table): Json {
  if (Array.isArray(value)) return value.map((each) => resolve(each, saved));
  if (isTable(value)) return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolve(each, saved)]));
  if (typeof value !== "string") return value;
  const whole = /^\$([A-Za-z0-9._]+)$/.exec(value);
  if (whole !== null) return at(saved, whole[1] as string);
  return value.replace(/\$([A-Za-z0-9._]+)/g, (_, path: string) => String(at(saved, path)));
}

/** The world of a scenario, and who is in it. */
class Stage {
  readonly aws: SimulatedAws;
  readonly #scenario: Table;
  readonly #client: Client;
  readonly #saved: Table = {};
  #document: Json;

  constructor(scenario: Table) {
    this.#scenario = scenario;
    this.aws = new SimulatedAws({ hostedZones: (scenario["hosted_zones"] ?? ["example.com"]) as string[] });
    this.#client = this.#newClient();
    this.#document = parse(readFileSync(new URL(`specs/${String(scenario["spec"])}.toml`, SCENARIOS), "utf8")) as Table;
    this.#edit(scenario);
    this.#deeds(listOf(scenario["world"]));
  }

  #newClient(): Client {
    const account = this.#scenario["kms_account"] as string | undefined;
    const elsewhere = () => {
      const served = (this.aws.world()["route53"] as { elsewhere: [string, string][] }).elsewhere;
      return served.map(([name, value]) => ({ name, value }));
    };
    return new Client({
      simulated: this.aws,
      kms: account === undefined ? undefined : { account },
      credential: () => ({ accessKeyId: KEY_ID, rawSecretAccessKey: SECRET }),
      publish: ({ name, value }) => {
        const others = elsewhere();
        if (!others.some((each) => each.name === name && each.value === value)) this.aws.set("elsewhere", [...others, { name, value }]);
      },
      withdraw: ({ value }) => this.aws.set("elsewhere", elsewhere().filter((each) => each.value !== value)),
    });
  }

  #edit(words: Table): void {
    this.#document = merge(this.#document, words["edit"] ?? {});
    for (const path of (words["drop"] ?? []) as string[]) {
      const parts = path.split(".");
      const last = parts.pop() as string;
      const table = parts.length > 0 ? at(this.#document, parts.join(".")) : this.#document;
      delete (table as Table)[last];
    }
  }

  #deeds(deeds: Table[]): void {
    for (const deed of deeds) {
      const answer = this.aws.deed(resolve(deed, this.#saved) as Deed) as Json;
      for (const [name, path] of Object.entries((deed["save"] ?? {}) as Record<string, string>)) this.#saved[name] = at(answer, path);
    }
  }

  get #spec(): Spec {
    return resolve(this.#document, this.#saved) as unknown as Spec;
  }

  async run(run: RunOf): Promise<Took> {
    this.#edit(run);
    this.#deeds(listOf(run["before"]));
    const took: Took = { events: [], cut: false };
    try {
      await this.#act(run, took);
    } catch (error) {
      if (!(error instanceof XksError)) throw error;
      if (error.kind === "cancelled") took.cut = true;
      else {
        took.report = error.report;
        took.error = JSON.parse(JSON.stringify(error)) as Table;
      }
    }
    for (const kept of [took.status, took.report]) if (kept !== undefined) this.#saved["ids"] = kept.ids as unknown as Json;
    this.aws.wait(5);
    return took;
  }

  async #act(run: RunOf, took: Took): Promise<void> {
    const spec = this.#spec;
    const { name, region } = spec;
    const target = run["by_name"] ? name : spec;
    const consent = (run["consent"] ?? []) as never[];
    switch (run.verb) {
      case "plan":
        took.plan = await this.#client.plan(spec);
        return;
      case "status":
        took.status = await this.#client.status(spec);
        return;
      case "verify": {
        const named = run["target"] === undefined ? target : (resolve(run["target"], this.#saved) as string);
        took.verification = await this.#client.verify(named, { region });
        return;
      }
      case "apply": {
        const plan = await this.#client.plan(spec);
        took.plan = plan;
        this.#deeds(listOf(run["between"]));
        const again = run["through_json"] === true;
        this.#script(run);
        const [client, approved] = again ? [this.#newClient(), Plan.fromDocument(plan.toDocument())] : [this.#client, plan];
        return this.#go(client.apply(approved, { consent }), took);
      }
      default:
        // A teardown may be refused for what its plan is refused for; the run says so itself.
        await this.#client.planTeardown(target, { region }).then(
          (plan) => (took.plan = plan),
          () => undefined,
        );
        this.#deeds(listOf(run["between"]));
        this.#script(run);
        return this.#go(this.#client.teardown(target, { region, consent }), took);
    }
  }

  #script(run: RunOf): void {
    const during = listOf(run["during"]).map((deed) => resolve(deed, this.#saved) as Deed);
    const cut = run["cut"] as number | undefined;
    this.aws.duringRun({ during, onPublish: listOf(run["on_publish"]), ...(cut === undefined ? {} : { cutAfter: cut }) });
  }

  async #go(run: Run, took: Took): Promise<void> {
    try {
      took.report = await run;
    } finally {
      const all = run[Symbol.asyncIterator]();
      for (let told = await next(all); told !== undefined; told = await next(all)) took.events.push(told);
    }
  }

  /** Plans as Rust does when a file says what the next plan is. */
  async lookAgain(run: RunOf): Promise<void> {
    if (run["next_plan"] === undefined) return;
    const looking = run.verb === "teardown" ? this.#client.planTeardown(this.#spec) : this.#client.plan(this.#spec);
    await looking.catch(() => undefined);
  }
}

/** The next event, also of a run that failed. */
async function next(events: AsyncIterator<unknown>): Promise<Json | undefined> {
  const told = await events.next().catch(() => ({ done: true, value: undefined }));
  return told.done ? undefined : (told.value as Json);
}

const files = readdirSync(SCENARIOS, { withFileTypes: true })
  .filter((folder) => folder.isDirectory() && folder.name !== "specs")
  .flatMap((folder) => readdirSync(new URL(`${folder.name}/`, SCENARIOS)).map((file) => `${folder.name}/${file}`))
  .filter((file) => file.endsWith(".toml"))
  .sort();

assert.ok(files.length > 100, "scenarios are found");

// Each has a world and a thread of its own.
describe("scenarios", { concurrency: 2 }, () => {
  for (const file of files) {
    test(`the scenario brings what Rust brings: ${file}`, async () => {
      const recorded = new URL(`target/scenarios/${file.replace(".toml", ".json")}`, HOME);
      assert.ok(existsSync(recorded), "run `make scenarios` first");
      const expected = JSON.parse(readFileSync(recorded, "utf8")) as (Record<string, string | null> & { error: Table | null; events: Json[]; cut: boolean })[];
      const scenario = parse(readFileSync(new URL(file, SCENARIOS), "utf8")) as Table;
      const runs = listOf(scenario["runs"]) as RunOf[];
      assert.equal(expected.length, runs.length, "recorded from another version of the file: run `make scenarios`");
      const stage = new Stage(scenario);
      for (const [index, run] of runs.entries()) {
        const wanted = expected[index];
        assert.ok(wanted !== undefined);
        const took = await stage.run(run);
        for (const name of ["plan", "report", "status", "verification"] as const) {
          assert.equal(took[name]?.toDocument() ?? null, wanted[name], `run ${index + 1}: ${name}`);
        }
        assert.deepEqual(took.error ?? null, wanted.error, `run ${index + 1}: error`);
        assert.deepEqual(JSON.parse(JSON.stringify(took.events)), wanted.events, `run ${index + 1}: events`);
        assert.equal(took.cut, wanted.cut, `run ${index + 1}: cut`);
        assert.ok(!JSON.stringify([took.events, took.error]).includes(SECRET));
        await stage.lookAgain(run);
      }
      stage.aws.close();
    });
  }
});
