// What the tests share: a world, a client of it, and a spec.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type ConnectivityDocument } from "xkslink";
import { SimulatedAws } from "xkslink/testing";

export const CREDENTIAL = {
  accessKeyId: "EXAMPLEACCESSKEYID234",
  rawSecretAccessKey: "ZXhhbXBsZSBzZWNyZXQgb2YgYSBzaW11bGF0ZWQgcHJveHk=",
} as const;

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

export function stage(): { aws: SimulatedAws; client: Client } {
  const aws = new SimulatedAws({ hostedZones: ["example.com"] });
  return { aws, client: new Client({ simulated: aws, credential: () => CREDENTIAL }) };
}

/** A folder of its own. */
export const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "xkslink-"));

/** What a program prints. */
export class Printed {
  readonly lines: string[] = [];
  readonly print = (line: string): void => void this.lines.push(line);

  get text(): string {
    return this.lines.join("\n");
  }
}
