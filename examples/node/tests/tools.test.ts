// The example programs, against the simulated AWS.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SimulatedAws } from "xkslink/testing";
import { audit } from "../audit.js";
import { type Deployment, deploy } from "../deploy.js";
import { doctor } from "../doctor.js";
import { CREDENTIAL, SPEC } from "../example.js";
import { fleet } from "../fleet.js";
import { Printed, folder, stage } from "./setting.js";

async function document(spec: object = SPEC): Promise<string> {
  const path = join(await folder(), "store.json");
  await writeFile(path, JSON.stringify(spec));
  return path;
}

test("deploy shows the plan, asks, applies it, and has nothing to do the second time", async () => {
  const { aws, client } = stage();
  const printed = new Printed();
  const how: Deployment = { path: await document(), consent: [], approves: async () => false, print: printed.print, live: false };
  assert.equal(await deploy(client, how), 3);
  assert.equal(aws.census()["vpcs"], 0);
  assert.equal(await deploy(client, { ...how, approves: async () => true }), 0);
  assert.match(printed.text, /17 to create[^]*key store[^]*CONNECTED/);
  assert.equal(await deploy(client, how), 0);

  const moved = await document({ ...SPEC, proxy: { ...SPEC.proxy, port: 8443 } });
  assert.equal(await deploy(client, { ...how, path: moved }), 3);
  assert.match(printed.lines.at(-1) ?? "", /needs the consent/);
});

test("deploy shows a list of steps where somebody looks at it", async () => {
  const { client } = stage();
  const printed = new Printed();
  const how = { path: await document(), consent: [], approves: async () => true, print: printed.print, live: true };
  assert.equal(await deploy(client, how), 0);
});

test("deploy is a program that takes AWS from the environment", async () => {
  const aws = new SimulatedAws({ hostedZones: ["example.com"], instant: true, speed: 10_000 });
  const credential = { type: "environment", access_key_id: "XKS_KEY_ID", raw_secret_access_key: "XKS_SECRET" };
  const path = await document({ ...SPEC, key_store: { ...SPEC.key_store, credential } });
  const program = async (...given: string[]) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("../deploy.js", import.meta.url)), ...given], {
      env: {
        AWS_ENDPOINT_URL: aws.serve(),
        AWS_ACCESS_KEY_ID: "AKIA111122223333",
        AWS_SECRET_ACCESS_KEY: "simulated",
        XKS_KEY_ID: CREDENTIAL.accessKeyId,
        XKS_SECRET: CREDENTIAL.rawSecretAccessKey,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    const [code] = (await once(child, "close")) as [number];
    return { code, said };
  };
  assert.equal((await program(path)).code, 3, "nobody was asked");
  const done = await program(path, "--yes");
  assert.equal(done.code, 0, done.said);
  assert.ok(!done.said.includes(CREDENTIAL.rawSecretAccessKey));
  const wrong = await program(await document({ ...SPEC, name: "no spaces" }));
  assert.equal(wrong.code, 1);
  assert.match(wrong.said, /name: /);
  assert.deepEqual((await program("--force")).code, 2);
  assert.match((await program("nowhere.toml")).said, /^path: .*nowhere\.toml'\n {2}give the path/);
  aws.close();
});

test("fleet keeps a folder of stores as wanted, and leaves to people what is theirs", async () => {
  const { aws, client } = stage();
  const home = await folder();
  const names = ["one", "two", "three"];
  const specOf = (name: string, index: number) => ({ ...SPEC, name, network: { type: "create", cidr: `10.6${index}.0.0/24` }, private_dns_name: `xks.${name}.example.com` });
  for (const [index, name] of names.entries()) await writeFile(join(home, `${name}.json`), JSON.stringify(specOf(name, index)));
  const printed = new Printed();
  assert.equal(await fleet(client, { folder: home, atOnce: 3, print: printed.print }), 0);
  assert.equal(aws.census()["vpcs"], 3);
  assert.match(printed.text, /one\.json: \d+ steps, complete/);
  await writeFile(join(home, "one.json"), JSON.stringify({ ...specOf("one", 0), proxy: { ...SPEC.proxy, port: 8443 } }));
  const again = new Printed();
  assert.equal(await fleet(client, { folder: home, atOnce: 2, print: again.print }), 1);
  assert.deepEqual([...again.lines].sort().map((line) => line.split(/[:,]/)[1]?.trim()), ["needs a person", "as wanted", "as wanted"]);
});

test("fleet lets go of all runs at once", async () => {
  const { client } = stage();
  const home = await folder();
  await writeFile(join(home, "one.json"), JSON.stringify(SPEC));
  const stopped = fleet(client, { folder: home, atOnce: 1, signal: AbortSignal.timeout(50), print: () => undefined });
  await assert.rejects(stopped, { name: "AbortError" });
});

test("audit names what fails, and keeps a page for each store", async () => {
  const { client } = stage();
  await client.apply(await client.plan(SPEC));
  const printed = new Printed();
  const pages = await folder();
  const stores = [await document(), "payments-hsm", "nowhere"];
  assert.equal(await audit(client, { stores, region: "eu-central-1", pages, print: printed.print }), 1);
  assert.match(printed.text, /\| payments-hsm \| \d+ \| 1 \| \d+ \| NET-10: /);
  const [page] = await readdir(pages);
  assert.match(await readFile(join(pages, page ?? ""), "utf8"), /NET-10/);
  assert.equal(await audit(client, { stores: stores.slice(0, 1), print: printed.print }), 5);
});

test("doctor accuses by a message alone, and finds with a look at AWS", async () => {
  const { aws, client } = stage();
  const unasked = () => assert.fail("nobody looks at AWS");
  const printed = new Printed();
  assert.equal(await doctor(unasked, { told: "XKS_PROXY_TIMED_OUT", print: printed.print }), 5);
  assert.equal(await doctor(unasked, { told: "all is well", print: printed.print }), 0);

  await client.apply(await client.plan(SPEC));
  aws.set("dead_targets", SPEC.proxy.addresses);
  aws.wait(600);
  assert.equal(await doctor(() => client, { told: "XKS_PROXY_TIMED_OUT", store: "payments-hsm", region: "eu-central-1", print: printed.print }), 5);
  assert.match(printed.lines.at(-1) ?? "", /TGT-/);
});
