// What the tests share: a spec, and a client of a simulated AWS.

import { Client, type ClientOptions, type ConnectivityDocument, type Report, type Spec } from "xkslink";
import { SimulatedAws } from "xkslink/testing";

export const KEY_ID = "ABCDEFGHIJKLMNOPQRSTUVWX";
export const SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

export const SPEC = {
  version: 1,
  name: "payments-hsm",
  region: "eu-central-1",
  network: { type: "create", cidr: "10.60.0.0/24" },
  data_center: ["10.0.0.0/16"],
  link: { type: "vpn_gateway" },
  proxy: { addresses: ["10.0.8.10", "10.0.8.11"] },
  private_dns_name: "xks.payments.example.com",
  domain: { type: "route53" },
  key_store: { path: "/payments/kms/xks/v1", credential: { type: "callback" } },
} as const satisfies ConnectivityDocument;

/** A world, and a client of it. */
export function stage(options: ClientOptions = {}): { aws: SimulatedAws; client: Client } {
  const aws = new SimulatedAws({ hostedZones: ["example.com"] });
  const credential = () => ({ accessKeyId: KEY_ID, rawSecretAccessKey: SECRET });
  return { aws, client: new Client({ simulated: aws, credential, ...options }) };
}

/** Makes a store. */
export async function made(client: Client, spec: Spec = SPEC): Promise<Report> {
  return client.apply(await client.plan(spec));
}
