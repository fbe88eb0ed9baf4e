// The verbs, their errors, and how they are let go of.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Client, Connectivity, type Event, type Logger, Plan, Report, XksError, diagnoseText, probeName, schema } from "xkslink";
import { KEY_ID, SECRET, SPEC, made, stage } from "./setting.mjs";

/** What a promise is rejected with. */
async function failure(promise: PromiseLike<unknown>): Promise<XksError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof XksError, `rejected with ${inspect(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: "it was not rejected" });
}

test("a store is planned, made, looked at, verified, diagnosed and taken down", async () => {
  const { aws, client } = stage();
  const plan = await client.plan(SPEC);
  assert.ok(plan.steps.length > 10);
  assert.deepEqual(plan.needsConsent, []);
  assert.ok(plan.usuallyTakesSeconds > 60);
  assert.equal(plan.policies()[0]?.role, "network");

  const report = await client.apply(plan);
  assert.equal(report.outcome.status, "complete");
  assert.equal(report.ids.connection_state, "CONNECTED");
  assert.equal(aws.census()["vpcs"], 1);

  assert.ok((await client.plan(SPEC)).isEmpty);
  assert.ok((await client.status(SPEC)).asWanted);
  const verification = await client.verify(SPEC);
  // A gateway that nothing is connected to tells no routes.
  assert.deepEqual(verification.failures.map((check) => check.rule), ["NET-10"]);
  assert.equal(verification.check("EPS-01")?.verdict, "pass");
  assert.equal((await client.verify("payments-hsm", { region: "eu-central-1" })).checks.length, verification.checks.length);
  assert.equal((await client.diagnose(SPEC)).found, undefined);
  const facts = await client.facts(SPEC);
  assert.deepEqual(facts.verify().checks.length, verification.checks.length);

  const teardown = await client.planTeardown("payments-hsm", { region: "eu-central-1" });
  assert.ok(teardown.needsConsent.includes("disconnect"));
  const gone = await client.teardown("payments-hsm", { region: "eu-central-1", consent: "disconnect" });
  assert.equal(gone.outcome.status, "complete");
  assert.equal(aws.census()["vpcs"], 0);
});

test("a document is its data, shows itself, and reads what it wrote", async () => {
  const { client } = stage();
  const plan = await client.plan(SPEC);
  const report = await client.apply(plan);
  assert.equal(Plan.fromDocument(plan.toDocument()).toDocument(), plan.toDocument());
  assert.deepEqual(JSON.parse(JSON.stringify(report)), JSON.parse(report.toDocument()));
  assert.match(String(plan), /create/);
  assert.match(report.toMarkdown(), /\|/);
  assert.match(report.toSvg(), /^<svg/);
  assert.match(report.toHtml(), /^<!doctype html>[^]*<svg[^]*the key store is CONNECTED[^]*<\/html>$/m);
  assert.match(plan.toSvg(), /^<svg/);
  assert.match(plan.toMermaid(), /^flowchart/);
  assert.match((await client.verify(SPEC)).toHtml(), /^<!doctype html>/i);
  assert.ok(Object.isFrozen(plan));
});

test("a spec is an object, a class, or a document in three formats", async () => {
  const spec = Connectivity.from(SPEC);
  assert.equal(spec.proxy.port, 443);
  for (const format of ["json", "toml", "yaml"] as const) {
    assert.deepEqual(Connectivity.fromDocument(spec.toDocument(format), format), spec);
  }
  const file = new URL("../../../examples/documents/existing.toml", import.meta.url);
  assert.equal((await Connectivity.fromFile(file)).network.type, "existing");
  const missing = await failure(Connectivity.fromFile("store.toml"));
  assert.match(missing.message, /^path: ENOENT: .*store\.toml/);
  assert.equal((missing.cause as NodeJS.ErrnoException).code, "ENOENT");
  assert.equal(spec.policies("verify")[0]?.role, "network");
  assert.equal(schema()["title"], "Connectivity");
  assert.equal(schema("plan")["title"], "Plan");
  assert.throws(() => schema("plans"), /`plans` is no sort of documents/);
});

test("a wrong spec names every problem", () => {
  const wrong = () => Connectivity.from({ ...SPEC, name: "no spaces please", private_dns_name: "example" });
  assert.throws(wrong, (error: XksError) => {
    assert.equal(error.kind, "invalid_spec");
    assert.deepEqual(error.problems.map((problem) => problem.field), ["name", "private_dns_name"]);
    assert.ok(error.problems.every((problem) => problem.help.length > 0));
    return true;
  });
});

test("a refusal of AWS carries its code, request id and the missing action", async () => {
  const { aws, client } = stage();
  aws.fault("deny", { on: "CreateVpc" });
  const error = await failure(client.apply(await client.plan(SPEC)));
  assert.equal(error.kind, "access_denied");
  assert.equal(error.awsCode, "UnauthorizedOperation");
  assert.match(error.help, /ec2:CreateVpc/);
  assert.equal(error.resource, "VPC");
  assert.equal(typeof error.requestId, "string");
  assert.ok(error.report instanceof Report);
  assert.equal(error.report.outcome.status, "failed");
  assert.deepEqual(JSON.parse(JSON.stringify(error)).aws_code, "UnauthorizedOperation");
});

test("events come as they are, to a function and to loops, from the first one to the last", async () => {
  const { client } = stage();
  const heard: Event[] = [];
  const run = client.apply(await client.plan(SPEC), { onEvent: (event) => heard.push(event) });
  const looped: Event[] = [];
  for await (const event of run) looped.push(event);
  assert.equal((await run).outcome.status, "complete");
  const late: Event[] = [];
  for await (const event of run) late.push(event);
  assert.deepEqual(looped, heard);
  assert.deepEqual(late, heard);
  assert.deepEqual(heard.map((event) => event.number), heard.map((_, index) => index + 1));
  assert.equal(heard[0]?.type, "began");
  assert.match(String(heard.at(-1)), /ended|complete/i);
});

test("a slow listener loses nothing, and what it throws cancels the run", async () => {
  const { client } = stage();
  let heard = 0;
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    heard += 1;
  };
  const run = client.apply(await client.plan(SPEC), { onEvent: slow });
  let looped = 0;
  for await (const _ of run) looped += 1;
  assert.equal(heard, looped);

  const own = new Error("enough");
  const stopped = client.teardown(SPEC, {
    consent: "disconnect",
    onEvent: () => {
      throw own;
    },
  });
  await assert.rejects(async () => stopped, own);
});

test("a signal that was aborted before lets no call begin", async () => {
  const { aws, client } = stage();
  const before = aws.requests().length;
  for (const call of [client.plan(SPEC, { signal: AbortSignal.abort("why") }), client.teardown(SPEC, { signal: AbortSignal.abort("why") })]) {
    const error = await failure(call);
    assert.equal(error.name, "AbortError");
    assert.equal(error.kind, "cancelled");
    assert.equal(error.cause, "why");
  }
  assert.equal(aws.requests().length, before);
});

test("a run that is aborted rejects at once, and the same call goes on from there", async () => {
  const { aws, client } = stage();
  const plan = await client.plan(SPEC);
  const controller = new AbortController();
  const run = client.apply(plan, { signal: controller.signal, onEvent: (event) => event.type === "step_done" && controller.abort() });
  const error = await failure(run);
  assert.equal(error.name, "AbortError");
  assert.ok((error.cause as Error).name === "AbortError");
  const asked = aws.requests().length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(aws.requests().length, asked, "nothing is sent afterwards");

  const other = client.apply(await client.plan(SPEC));
  other.cancel();
  assert.equal((await failure(other)).name, "AbortError");
  assert.equal((await made(client)).outcome.status, "complete");
});

test("a callback may take its time, and what it throws is the cause", async () => {
  const credential = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { accessKeyId: KEY_ID, rawSecretAccessKey: SECRET };
  };
  const { client } = stage({ credential });
  assert.equal((await made(client)).outcome.status, "complete");

  const own = new RangeError("the vault is sealed");
  const sealed = stage({
    credential: () => {
      throw own;
    },
  });
  const error = await failure(made(sealed.client));
  assert.equal(error.kind, "callback");
  assert.equal(error.cause, own);

  const unusable = stage({ credential: () => ({}) as never });
  const odd = (await failure(made(unusable.client))).cause as XksError;
  assert.match(odd.message, /credential: holds no `accessKeyId`/);
});

test("records are published and withdrawn by the caller", async () => {
  const seen: string[] = [];
  const { aws, client } = stage({
    publish: (record) => {
      seen.push(`publish ${record.name}`);
      aws.set("elsewhere", [{ name: record.name, value: record.value }]);
    },
    withdraw: async (record) => {
      seen.push(`withdraw ${record.name}`);
      aws.set("elsewhere", []);
    },
  });
  const spec = { ...SPEC, domain: { type: "callback" } } as const;
  assert.equal((await made(client, spec)).outcome.status, "complete");
  await client.teardown(spec, { consent: "disconnect" });
  assert.deepEqual(seen.map((each) => each.split(" ")[0]), ["publish", "withdraw"]);
});

test("wrong arguments are named, with what to give instead", async () => {
  const { aws, client } = stage();
  const wrong = (options: unknown) => {
    try {
      new Client(options as never);
    } catch (error) {
      return String((error as XksError).message);
    }
    return "taken";
  };
  assert.equal(wrong({ regoin: "eu-central-1" }), "regoin: is not known");
  assert.equal(wrong({ region: 5 }), "region: is a number");
  assert.equal(wrong({ endpoint: "nowhere" }), "endpoint: `nowhere` is not a URL");
  assert.equal(wrong({ maxAttempts: 0 }), "maxAttempts: `0` is out of range");
  assert.equal(wrong({ kms: { roleArn: "role" } }), "kms.roleArn: `role` is not an ARN");
  assert.equal(wrong({ credentials: {} }), "credentials: holds no `accessKeyId`");
  assert.equal(wrong({ simulated: {} }), "simulated: is an object");
  assert.equal(wrong({ logger: () => undefined }), "logger: is a function");
  assert.equal(wrong({ logger: { debug: () => undefined } }), "logger.info: is undefined");
  assert.equal(wrong({ account: "111122223333" }), "account: is for simulated worlds");
  assert.equal(wrong(null), "options: is null");

  assert.equal((await failure(client.plan(undefined as never))).message, "spec: is undefined");
  assert.equal((await failure(client.apply(SPEC as never))).message, "plan: is an object");
  assert.equal((await failure(client.apply(Connectivity.from(SPEC) as never))).message, "plan: is a spec");
  assert.equal((await failure(client.verify("payments-hsm"))).message, "region: is missing");
  assert.equal((await failure(client.plan(SPEC, { signal: 5 as never }))).message, "signal: is a number");
  assert.equal((await failure(client.plan(SPEC, null as never))).message, "options: is null");
  assert.equal((await failure(client.teardown(SPEC, { consent: "yes" as never }))).message, "consent: `yes` is not known");
  assert.equal((await failure(client.teardown(SPEC, { onEvent: 1 as never }))).message, "onEvent: is a number");
  assert.equal((await failure(client.probe(SPEC, { without: ["sleep" as never] }))).message, "without: `sleep` is not a phase");
  assert.equal((await failure(probeName("xks.example.com", "eu-central-1", { timeoutSeconds: 0 }))).kind, "invalid_argument");

  client.close();
  assert.equal((await failure(client.plan(SPEC))).kind, "closed");
  aws.close();
  assert.equal((await failure(new Client({ simulated: aws }).plan(SPEC))).kind, "closed");
});

test("nothing shows a secret", async () => {
  const credential = { type: "value", access_key_id: KEY_ID, raw_secret_access_key: SECRET } as const;
  const spec = Connectivity.from({ ...SPEC, key_store: { ...SPEC.key_store, credential } });
  const { client } = stage({ credentials: { accessKeyId: "AKIA111122223333", secretAccessKey: SECRET } });
  const plan = await client.plan(spec);
  const run = client.apply(plan);
  const report = await run;
  assert.equal(report.outcome.status, "complete");
  for (const each of [spec, client, plan, report, run]) {
    assert.ok(!inspect(each, { depth: 10, showHidden: true }).includes(SECRET));
    assert.ok(!JSON.stringify(each).includes(SECRET));
    assert.ok(!String(each).includes(SECRET));
  }
});

test("a logger is told what its own client does, and no secret", async () => {
  const told: [level: string, line: string][] = [];
  const logger = Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, (line: string) => told.push([level, line])]));
  const credentials = { accessKeyId: "AKIA111122223333", secretAccessKey: SECRET };
  const credential = { type: "value", access_key_id: KEY_ID, raw_secret_access_key: SECRET } as const;
  const spec = { ...SPEC, key_store: { ...SPEC.key_store, credential } } as const;
  const { aws, client } = stage({ logger: logger as unknown as Logger, credentials });
  await made(client, spec);
  const calls = told.filter(([level, line]) => level === "debug" && /^xkslink\.aws\.answer: answered action="ec2:CreateVpc" request_id=/.test(line));
  assert.equal(calls.length, 1);
  const steps = told.flatMap(([level, line]) => (level === "info" ? [line] : []));
  assert.match(steps[0]!, /^xkslink\.apply: \d+ steps to take$/);
  assert.equal(steps.filter((line) => line.startsWith("xkslink.apply: VPC: created in")).length, 1);
  assert.equal(steps.at(-1), "xkslink.apply: complete");
  assert.ok(told.some(([level, line]) => level === "debug" && line.includes("waiting until")));
  assert.ok(!JSON.stringify(told).includes(SECRET));

  const before = told.length;
  await new Client({ simulated: aws, credential: () => assert.fail() }).plan(SPEC);
  assert.equal(told.length, before, "another client has no logger");

  const failing = () => {
    throw new Error("the disk is full");
  };
  const rejecting = () => Promise.reject(new Error("the disk is full"));
  const odd = new Client({ simulated: aws, logger: { debug: failing, info: failing, warn: failing, error: rejecting } });
  assert.ok((await odd.plan(SPEC)).isEmpty);
});

test("a message alone accuses somebody", () => {
  const found = diagnoseText("the key store says XKS_PROXY_INVALID_TLS_CONFIGURATION");
  assert.ok(found.causes.length > 0);
});
