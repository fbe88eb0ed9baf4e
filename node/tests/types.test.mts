// The types, which the compiler checks: a line that should not compile and does is an error, and so is the other way round.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ConnectivityDocument, ErrorKind, Event, Plan, Report, Run, XksError } from "xkslink";
import { SPEC } from "./setting.mjs";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(told?: T): void => void told;

test("types are exact", () => {
  holds<Same<Event["type"], "began" | "step_began" | "waiting" | "publish_record" | "step_done" | "step_failed" | "ended">>();
  holds<Same<Report["outcome"]["status"], "complete" | "waiting_for_dns" | "failed">>();
  holds<Same<Plan["purpose"], "apply" | "teardown">>();
  holds<Same<Awaited<Run>, Report>>();
  holds<Same<Awaited<ReturnType<Client["plan"]>>, Plan>>();
  holds<Same<XksError["kind"], ErrorKind>>();
  holds<Same<string extends ErrorKind ? true : false, false>>();
  holds<Same<Extract<Event, { type: "waiting" }>["waited_seconds"], number>>();

  const specs: ConnectivityDocument[] = [
    SPEC,
    // @ts-expect-error a link of that type has no field `vpc_id`, and needs an `id`
    { ...SPEC, link: { type: "transit_gateway", vpc_id: "vpc-1" } },
    // @ts-expect-error there is no such type of domain
    { ...SPEC, domain: { type: "route54" } },
    // @ts-expect-error a port is a number
    { ...SPEC, proxy: { addresses: ["10.0.8.10", "10.0.8.11"], port: "443" } },
    // @ts-expect-error a typing error in the name of a field
    { ...SPEC, load_balancer: { cros_zone: true } },
  ];
  assert.equal(specs.length, 5);

  const told = (event: Event): string => {
    // @ts-expect-error only some events have a resource
    void event.resource;
    return event.type === "publish_record" ? event.record.name : event.type;
  };
  assert.equal(typeof told, "function");
});
