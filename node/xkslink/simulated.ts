// A simulated AWS in this process.

import { inspect } from "node:util";
import { invalid, sortOf } from "./errors";
import { type Simulator, native } from "./native";
import { got } from "./outcome";

/** How a world is made. */
export interface WorldOptions {
  /**
   * Simulated seconds per real second. Without, time is virtual: it passes at once while something waits for it, and stands
   * still otherwise.
   */
  readonly speed?: number | undefined;
  /** Of invented ids and of what lags how much; 1 if not given. */
  readonly seed?: number | undefined;
  /** Seconds by which EC2 and KMS show a write late; about one if not given. */
  readonly consistencySeconds?: number | undefined;
  /** Whether everything but the round trip of a call happens at once. */
  readonly instant?: boolean | undefined;
  /** Whether the world begins at the present date instead of 2026-01-01. */
  readonly beginsNow?: boolean | undefined;
  /** Public hosted zones that the account has in Route 53. */
  readonly hostedZones?: readonly string[] | undefined;
}

/** What somebody else does, as `docs/simulator.md` lists it: `{ fault: "throttle", on: "CreateVpc" }`. */
export interface Deed {
  readonly [name: string]: unknown;
}

/** The account of callers that name no other. */
export const ACCOUNT = "111122223333";

const worlds = new WeakMap<object, Simulator>();

/** The native half's own of a world. */
export function worldOf(simulated: unknown): Simulator {
  const world = worlds.get(simulated as object);
  if (world === undefined) throw invalid("simulated", `is ${sortOf(simulated)}`, "give a `SimulatedAws` of xkslink/testing");
  return world;
}

const OPTIONS = {
  speed: "speed",
  seed: "seed",
  consistencySeconds: "consistency_seconds",
  instant: "instant",
  beginsNow: "begins_now",
  hostedZones: "hosted_zones",
} as const satisfies Record<keyof WorldOptions, string>;

/** A JSON document of what the caller gave. */
function json(value: unknown, name: string): string {
  try {
    const written = JSON.stringify(value);
    if (written !== undefined) return written;
  } catch {
    // A cycle, or a value that has no JSON: as little a document as no value at all.
  }
  throw invalid(name, `is ${sortOf(value)}`, "give plain objects, arrays, strings, numbers and booleans");
}

/** A simulated EC2, Elastic Load Balancing, KMS, Route 53 and STS. Its time is virtual, so that its minutes pass at once. */
export class SimulatedAws {
  constructor(options: WorldOptions = {}) {
    if (typeof options !== "object" || options === null) throw invalid("options", `is ${sortOf(options)}`, "give an object");
    const world: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(options)) {
      const wire = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof WorldOptions] : undefined;
      if (wire === undefined) throw invalid(name, "is not known", `the options are ${Object.keys(OPTIONS).join(", ")}`);
      if (value !== undefined) world[wire] = value;
    }
    worlds.set(this, got(native().simulator(json(world, "options"))));
  }

  /** Does what somebody else would do, and answers what AWS answers to it. */
  deed(deed: Deed): unknown {
    return JSON.parse(got(worldOf(this).deed(json(deed, "deed"))));
  }

  /**
   * An AWS call under its wire names: `call("ec2:CreateVpc", { CidrBlock: "10.1.0.0/24" })`. It takes no time and meets no
   * fault.
   */
  call(operation: string, input: object = {}, where: { readonly account?: string; readonly region?: string } = {}): unknown {
    return this.deed({ call: operation, account: ACCOUNT, region: "eu-central-1", ...where, input });
  }

  /** Lets calls fail: `fault("throttle", { on: "CreateVpc", times: 3 })`. */
  fault(kind: string, how: Deed = {}): void {
    this.deed({ fault: kind, ...how });
  }

  /** Changes the world: `set("dead_targets", ["10.0.8.10"])`. */
  set(lever: string, to: unknown): void {
    this.deed({ set: lever, to });
  }

  /** Attaches an IAM policy to an account, user or role; from then on only what its policies allow is allowed. */
  allow(principal: string, policy: object): void {
    this.deed({ allow: principal, policy });
  }

  /** Lets simulated seconds pass at once. */
  wait(seconds: number): void {
    this.deed({ wait: seconds });
  }

  /** Empties the world; time goes on. */
  reset(): void {
    this.deed({ reset: true });
  }

  /**
   * What happens while the next verb runs: deeds, each with `at`, the second of the run at which it happens; deeds when the run
   * asks a person to publish a record, where `$record.name` and `$record.value` stand for its fields; and the second at which
   * the caller lets go of the run, as if the process had ended.
   */
  duringRun(script: { readonly during?: readonly Deed[]; readonly onPublish?: readonly Deed[]; readonly cutAfter?: number }): void {
    if (typeof script !== "object" || script === null) throw invalid("script", `is ${sortOf(script)}`, "give an object");
    const written = { during: script.during ?? [], on_publish: script.onPublish ?? [], cut_after: script.cutAfter ?? null };
    got(worldOf(this).duringRun(json(written, "script")));
  }

  /** Lets a person publish the record that the next run asks for, at once. */
  publishesRecords(): void {
    const served = { name: "$record.name", value: "$record.value" };
    this.duringRun({ onPublish: [{ set: "elsewhere", to: [served] }] });
  }

  /** How many of each sort of object exist in all accounts. */
  census(): Readonly<Record<string, number>> {
    return JSON.parse(got(worldOf(this).census())) as Record<string, number>;
  }

  /** Everything that exists. */
  world(): Readonly<Record<string, unknown>> {
    return JSON.parse(got(worldOf(this).world())) as Record<string, unknown>;
  }

  /** Every request so far. */
  requests(): readonly Readonly<Record<string, unknown>>[] {
    return JSON.parse(got(worldOf(this).requests())) as Record<string, unknown>[];
  }

  /** Simulated seconds since 2026-01-01. */
  get now(): number {
    return got(worldOf(this).now());
  }

  /** Serves the world over HTTP on loopback, for AWS SDK v3 clients, the AWS CLI or a browser; answers the URL. */
  serve(port = 0): string {
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalid("port", "is out of range", "give 0 to 65535");
    return got(worldOf(this).serve(port));
  }

  /** Starts an external key store proxy over TLS on loopback; answers its address and its root certificate. */
  startProxy(setup: object = {}): { readonly address: string; readonly root: string } {
    return JSON.parse(got(worldOf(this).startProxy(json(setup, "setup")))) as { address: string; root: string };
  }

  /** Starts a name server on loopback for the public zones of this world; answers its address. */
  startDns(): string {
    return got(worldOf(this).startDns());
  }

  /** Ends the runs and servers of this world. What it holds can still be looked at. */
  close(): void {
    worldOf(this).close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [inspect.custom](): string {
    return "SimulatedAws {}";
  }
}
