// The simulated AWS: clients of the AWS SDK v3 look at what xkslink made, and make what it finds.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateVpcCommand,
  DescribeVpcEndpointServiceConfigurationsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { DescribeCustomKeyStoresCommand, KMSClient } from "@aws-sdk/client-kms";
import { ListResourceRecordSetsCommand, Route53Client } from "@aws-sdk/client-route-53";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { Client, type XksError, probeName } from "xkslink";
import { ACCOUNT, SimulatedAws } from "xkslink/testing";
import { KEY_ID, SECRET, SPEC, made, stage } from "./setting.mjs";

const settings = (endpoint: string) => ({
  region: "eu-central-1",
  endpoint,
  credentials: { accessKeyId: `AKIA${ACCOUNT}`, secretAccessKey: "simulated" },
});

test("clients of the AWS SDK see what was made", async () => {
  const { aws, client } = stage();
  const report = await made(client);
  const at = settings(aws.serve());

  const vpcs = await new EC2Client(at).send(new DescribeVpcsCommand({ VpcIds: [report.ids.vpc ?? ""] }));
  assert.equal(vpcs.Vpcs?.[0]?.CidrBlock, "10.60.0.0/24");
  const services = await new EC2Client(at).send(new DescribeVpcEndpointServiceConfigurationsCommand({}));
  assert.equal(services.ServiceConfigurations?.[0]?.PrivateDnsName, SPEC.private_dns_name);
  const balancers = await new ElasticLoadBalancingV2Client(at).send(new DescribeLoadBalancersCommand({ Names: [SPEC.name] }));
  assert.equal(balancers.LoadBalancers?.[0]?.Type, "network");
  const stores = await new KMSClient(at).send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreName: SPEC.name }));
  assert.equal(stores.CustomKeyStores?.[0]?.ConnectionState, "CONNECTED");
  assert.equal(stores.CustomKeyStores[0].CustomKeyStoreId, report.ids.key_store);
  const [zone] = (aws.world()["route53"] as { zones: { id: string }[] }).zones;
  const records = await new Route53Client(at).send(new ListResourceRecordSetsCommand({ HostedZoneId: zone?.id }));
  assert.ok(records.ResourceRecordSets?.some((record) => record.Type === "TXT"));
  const caller = await new STSClient(at).send(new GetCallerIdentityCommand({}));
  assert.equal(caller.Account, ACCOUNT);
  aws.close();
});

test("xkslink finds what clients of the AWS SDK make, also over HTTP and with a provider of credentials", async () => {
  const aws = new SimulatedAws({ hostedZones: ["example.com"], instant: true, speed: 10_000 });
  const at = settings(aws.serve());
  await new EC2Client(at).send(new CreateVpcCommand({ CidrBlock: "10.9.0.0/24" }));
  assert.equal(aws.census()["vpcs"], 1);

  let asked = 0;
  const client = new Client({
    region: at.region,
    endpoint: new URL(at.endpoint),
    maxAttempts: 2,
    credentials: async () => {
      asked += 1;
      return { ...at.credentials, sessionToken: "simulated", expiration: new Date(Date.now() + 3_600_000) };
    },
    credential: () => ({ accessKeyId: KEY_ID, rawSecretAccessKey: SECRET }),
  });
  assert.equal((await made(client)).outcome.status, "complete");
  assert.equal(aws.census()["vpcs"], 2);
  assert.equal(asked, 1, "credentials that have not ended are not asked for again");
  aws.close();
});

test("credentials that end are asked for again, and those that cannot be had are the cause", async () => {
  const aws = new SimulatedAws({ hostedZones: ["example.com"], instant: true, speed: 10_000 });
  const at = settings(aws.serve());
  let asked = 0;
  const ending = new Client({
    ...at,
    credentials: () => {
      asked += 1;
      return { ...at.credentials, expiration: new Date(Date.now() + 1_000) };
    },
  });
  await ending.plan(SPEC);
  await ending.plan(SPEC);
  assert.ok(asked >= 2, `asked ${asked} times`);

  const own = new Error("no session");
  const none = new Client({
    ...at,
    credentials: () => {
      throw own;
    },
  });
  await assert.rejects(none.plan(SPEC), (error: XksError) => error.kind === "unreachable" && error.cause === own);
  aws.close();
});

test("the world is looked at, changed, and gone through in virtual time", async () => {
  const { aws, client } = stage();
  const began = aws.now;
  await made(client);
  assert.ok(aws.now - began > 300, "minutes pass at once");
  const before = aws.now;
  aws.wait(3_600);
  assert.ok(aws.now - before >= 3_600);
  assert.ok(aws.requests().some((request) => request["operation"] === "CreateCustomKeyStore"));
  const { vpcSet } = aws.call("ec2:DescribeVpcs") as { vpcSet: { cidrBlock: string }[] };
  assert.deepEqual(vpcSet.map((vpc) => vpc.cidrBlock), ["10.60.0.0/24"]);
  aws.fault("throttle", { on: "DescribeTags", times: 1 });
  assert.ok((await client.plan(SPEC)).isEmpty);
  aws.reset();
  assert.equal(aws.census()["vpcs"], 0);
});

test("a person publishes the record that a run asks for", async () => {
  const { aws, client } = stage();
  const spec = { ...SPEC, domain: { type: "manual", wait: true } } as const;
  const plan = await client.plan(spec);
  aws.publishesRecords();
  const run = client.apply(plan);
  const records = [];
  for await (const event of run) if (event.type === "publish_record") records.push(event.record.name);
  assert.equal((await run).outcome.status, "complete");
  assert.equal(records.length, 1);
});

test("a proxy and a name server are probed, with a spec and before there is one", async () => {
  const { aws, client } = stage();
  const proxy = aws.startProxy();
  const how = { addresses: [proxy.address], trustedRoots: proxy.root, timeoutSeconds: 5 };
  const report = await client.probe({ ...SPEC, private_dns_name: "xks.example.com" }, { ...how, nameServers: [aws.startDns()] });
  assert.ok(report.toDocument().includes(proxy.address));
  assert.match(String(report), /xks\.example\.com/);

  const api = { path: "/kms/xks/v1", accessKeyId: KEY_ID, rawSecretAccessKey: SECRET };
  const early = await probeName("xks.example.com", "eu-central-1", { ...how, proxy: api, healthCheck: { type: "https", path: "/ping" } });
  assert.ok(early.toDocument().includes(proxy.address));
  assert.ok(!early.toDocument().includes(SECRET));
  aws.close();
});

test("wrong deeds and worlds are named", () => {
  const aws = new SimulatedAws();
  const said = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      return (error as XksError).message;
    }
    return "taken";
  };
  assert.match(said(() => new SimulatedAws({ sped: 1 } as never)), /^sped: is not known/);
  assert.match(said(() => new SimulatedAws({ speed: -1 })), /^speed: `-1` is out of range/);
  assert.match(said(() => aws.fault("sneeze")), /^deed: `sneeze` is not a fault/);
  assert.match(said(() => aws.serve(-1)), /^port: is out of range/);
  assert.match(said(() => aws.deed(undefined as never)), /^deed: is undefined/);
  aws.close();
  assert.equal(said(() => aws.serve()), "the simulator is closed");
});
