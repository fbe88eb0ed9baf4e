// The store that the dashboard makes, and that the tests of the programs make: in a simulated AWS, with a made-up credential.

import type { ConnectivityDocument } from "xkslink";

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
