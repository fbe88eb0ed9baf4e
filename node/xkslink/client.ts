// The verbs.

import { inspect } from "node:util";
import {
  type Consent,
  Diagnosis,
  Facts,
  Plan,
  ProbeReport,
  type Result,
  type Spec,
  Status,
  Verification,
  handleOf,
  specOf,
  text,
} from "./documents";
import { XksError, invalid, sortOf } from "./errors";
import { type Client as Handle, type Logged, type Outcome, type Question, type Target as HandleTarget, type Task, native } from "./native";
import { errorOf, got, keep } from "./outcome";
import type { TxtRecord } from "./records";
import { type CallOptions, Run, type RunOptions, finish } from "./run";
import { type SimulatedAws, worldOf } from "./simulated";

/** AWS credentials, in the form of the AWS SDK. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they end; a provider is asked again before. */
  readonly expiration?: Date | undefined;
}

/** Gives AWS credentials, as `fromNodeProviderChain()` and its like do. */
export type AwsCredentialProvider = () => AwsCredentials | Promise<AwsCredentials>;

/**
 * One AWS account or role. What is not given comes from the standard chain: environment, profile, SSO, web identity, process,
 * container, instance.
 */
export interface Account {
  /** Region of STS and of stores that are named without one; verbs otherwise use the Region of the spec. */
  readonly region?: string | undefined;
  /** Credentials, or who gives them and is asked again when they end. */
  readonly credentials?: AwsCredentials | AwsCredentialProvider | undefined;
  /** A profile of the AWS configuration files. */
  readonly profile?: string | undefined;
  /** One endpoint for all services; `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` count otherwise. */
  readonly endpoint?: string | URL | undefined;
  /** A role to assume, with the credentials that the rest gives. */
  readonly roleArn?: string | undefined;
  /** External id for that role. */
  readonly externalId?: string | undefined;
  /** Session name for that role. */
  readonly roleSessionName?: string | undefined;
  /** Attempts of the AWS SDK for one call, at least 1. */
  readonly maxAttempts?: number | undefined;
  /** Path of a PEM file with the certificates to trust; `AWS_CA_BUNDLE` counts otherwise. */
  readonly caBundle?: string | undefined;
  /** Twelve digits; with a simulated AWS only. */
  readonly account?: string | undefined;
}

/** The credential of the external key store proxy. */
export interface ProxyCredential {
  /** 20 to 30 characters of `A`-`Z` and `2`-`7`. */
  readonly accessKeyId: string;
  /** 43 to 64 characters of `A`-`Z`, `a`-`z`, `0`-`9`, `/`, `+` and `=`. */
  readonly rawSecretAccessKey: string;
}

/** Where a client logs, as clients of the AWS SDK v3 take it; `console` is one. */
export interface Logger {
  debug(message: string): unknown;
  info(message: string): unknown;
  warn(message: string): unknown;
  error(message: string): unknown;
}

/** How a client is made. Its own account is that of the network. */
export interface ClientOptions extends Account {
  /** Another account or role for Route 53. */
  readonly dns?: Account | undefined;
  /** Another account or role for AWS KMS. */
  readonly kms?: Account | undefined;
  /** Publishes a TXT record, for `domain: { type: "callback" }`. */
  readonly publish?: ((record: TxtRecord) => unknown) | undefined;
  /** Takes it out again. */
  readonly withdraw?: ((record: TxtRecord) => unknown) | undefined;
  /** Gives the credential of the proxy, for `credential: { type: "callback" }`. */
  readonly credential?: (() => ProxyCredential | Promise<ProxyCredential>) | undefined;
  /**
   * Is told, as text: each step (`info`) and what failed (`warn`), every call with its action and request id and what is waited for
   * (`debug`), and what the AWS SDK warns of. What it throws is ignored.
   */
  readonly logger?: Logger | undefined;
  /** A simulated AWS instead of the real one. */
  readonly simulated?: SimulatedAws | undefined;
}

/** A spec, or the name of a store; to verify or diagnose also that of a key store, its `cks-` id, or that of an endpoint service. */
export type Target = Spec | string;

/** Where a store is that is named. */
export interface TargetOptions extends CallOptions {
  /** Its Region; that of the client if it is not given. */
  readonly region?: string | undefined;
}

/** What a caller agrees to. */
export interface ConsentOptions {
  /** One, or several. */
  readonly consent?: Consent | readonly Consent[] | undefined;
}

/** What to probe beside, or instead of, what a spec tells of. */
export interface ProbeOptions extends CallOptions {
  /** `address:port` to connect to, instead of those of the spec. */
  readonly addresses?: readonly string[] | undefined;
  /** A certificate and its chain in PEM, judged without a connection. */
  readonly certificate?: string | undefined;
  /** Resolvers to ask, `address:port`, instead of the system's. */
  readonly resolvers?: readonly string[] | undefined;
  /** Name servers to ask, `address:port`, instead of the zone's own. */
  readonly nameServers?: readonly string[] | undefined;
  /** Id of an external key to read from the proxy. */
  readonly externalKey?: string | undefined;
  /** Phases to leave out. */
  readonly without?: readonly ("dns" | "tls" | "proxy" | "health_check")[] | undefined;
  /** Certificates in PEM that count as roots besides those that AWS KMS trusts. */
  readonly trustedRoots?: string | undefined;
  /** Seconds for each connection and answer. */
  readonly timeoutSeconds?: number | undefined;
}

/** What to probe when there is no spec that tells. */
export interface NameProbeOptions extends ProbeOptions {
  /** Whether public DNS is looked at. */
  readonly dns?: boolean | undefined;
  /** The API of the proxy: its path and credential. */
  readonly proxy?: ({ readonly path: string } & ProxyCredential) | undefined;
  /** A health check to make. */
  readonly healthCheck?: { readonly type: "tcp" | "http" | "https"; readonly path: string } | undefined;
}

type Sort = "string" | "number" | "boolean" | "function" | "strings" | "object";

/** The options of an account: their names in the native half, and what they are. */
const ACCOUNT = {
  region: ["region", "string"],
  profile: ["profile", "string"],
  endpoint: ["endpoint_url", "string"],
  roleArn: ["role_arn", "string"],
  externalId: ["external_id", "string"],
  roleSessionName: ["role_session_name", "string"],
  maxAttempts: ["max_attempts", "number"],
  caBundle: ["ca_bundle", "string"],
  account: ["account", "string"],
} as const satisfies Record<string, readonly [string, Sort]>;

const PROBE = {
  addresses: ["addresses", "strings"],
  certificate: ["certificate", "string"],
  resolvers: ["resolvers", "strings"],
  nameServers: ["name_servers", "strings"],
  externalKey: ["external_key", "string"],
  without: ["without", "strings"],
  trustedRoots: ["trusted_roots", "string"],
  timeoutSeconds: ["timeout_seconds", "number"],
} as const satisfies Record<string, readonly [string, Sort]>;

const NAME_PROBE = {
  ...PROBE,
  dns: ["dns", "boolean"],
  healthCheck: ["health_check", "object"],
} as const satisfies Record<string, readonly [string, Sort]>;

function isA(value: unknown, sort: Sort): boolean {
  if (sort === "strings") return Array.isArray(value) && value.every((each) => typeof each === "string");
  return typeof value === sort && value !== null;
}

/** Options in the names of the native half. What is not known by name is refused: it may be a typing error. */
function plain(
  options: object,
  known: Readonly<Record<string, readonly [string, Sort]>>,
  besides: readonly string[],
  at = "",
): Record<string, unknown> {
  if (typeof options !== "object" || options === null) throw invalid(at || "options", `is ${sortOf(options)}`, "give an object");
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const [wire, sort] = (Object.hasOwn(known, name) ? known[name] : undefined) ?? [];
    if (value === undefined || besides.includes(name)) continue;
    if (wire === undefined || sort === undefined) {
      throw invalid(`${at}${name}`, "is not known", `the options are ${[...Object.keys(known), ...besides].join(", ")}`);
    }
    const given: unknown = value instanceof URL ? value.href : value;
    if (!isA(given, sort)) {
      throw invalid(`${at}${name}`, `is ${sortOf(given)}`, sort === "strings" ? "give an array of strings" : `give a ${sort}`);
    }
    found[wire] = given;
  }
  return found;
}

/** An error of the native half about an option, under the name that the caller used. */
function inCallersNames(error: unknown): unknown {
  if (!(error instanceof XksError) || error.kind !== "invalid_argument") return error;
  const names = new Map<string, string>(Object.entries({ ...ACCOUNT, ...NAME_PROBE }).map(([name, [wire]]) => [wire, name]));
  const message = error.message.replace(/^((?:dns\.|kms\.)?)(\w+)/, (_, at: string, wire: string) => at + (names.get(wire) ?? wire));
  const help = error.help.replace(/`(\w+)`/g, (_, wire: string) => `\`${names.get(wire) ?? wire}\``);
  return new XksError({ kind: error.kind, message, help });
}

/** A function of the caller for the native half. It never throws. */
function asked<I>(name: string, call: (input: I) => unknown): (question: Question) => void {
  return (question) => {
    // In this order, so that whatever a function does, the verb that asked gets to know of it.
    new Promise<unknown>((resolve) => resolve(call(JSON.parse(question.input) as I)))
      .then((answer) => question.answer(JSON.stringify(answer ?? null)))
      .catch((error: unknown) => question.fail(saying(name, error), keep(error)));
  };
}

function saying(name: string, error: unknown): string {
  return `\`${name}\` failed: ${error instanceof Error ? error.message : sortOf(error)}`;
}

function fieldsOf(value: unknown, name: string, needed: readonly string[]): Record<string, unknown> {
  const fields = (typeof value === "object" ? value : null) as Record<string, unknown> | null;
  for (const field of needed) {
    if (typeof fields?.[field] !== "string") throw invalid(name, `holds no \`${field}\``, `give ${needed.map((each) => `\`${each}\``).join(" and ")}`);
  }
  return fields as Record<string, unknown>;
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** A logger for the native half. It never throws. */
function logging(logger: Logger): (logged: Logged) => void {
  if (typeof logger !== "object" || logger === null) throw invalid("logger", `is ${sortOf(logger)}`, "give an object like `console`");
  for (const level of LEVELS) {
    if (typeof logger[level] !== "function") throw invalid(`logger.${level}`, `is ${sortOf(logger[level])}`, "give a function");
  }
  return ({ level, target, message }) => {
    const line = `${target.replaceAll("::", ".")}: ${message}`;
    // A logger that fails is no reason to end a run, and nobody could catch what is thrown here.
    new Promise((resolve) => resolve(logger[level](line))).catch(() => undefined);
  };
}

/** AWS credentials for the native half. */
function keysOf(given: unknown): object {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = fieldsOf(given, "credentials", ["accessKeyId", "secretAccessKey"]);
  return {
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken ?? null,
    expires_at: expiration instanceof Date ? Math.floor(expiration.getTime() / 1000) : null,
  };
}

const ACCOUNTS = ["network", "dns", "kms"] as const;
const FUNCTIONS = ["publish", "withdraw", "credential"] as const;

/**
 * Plans, applies, verifies, diagnoses and tears down. Every verb is a promise, and may run at the same time as others. Nothing
 * is asked of AWS, and no file is read, before a verb needs it.
 */
export class Client {
  readonly #region: string | undefined;
  #handle: Handle | undefined;

  constructor(options: ClientOptions = {}) {
    const own = plain(options, ACCOUNT, ["credentials", "dns", "kms", ...FUNCTIONS, "logger", "simulated"]);
    this.#region = own["region"] as string | undefined;
    const accounts: Record<string, unknown> = { network: own };
    const functions: Record<string, (question: Question) => void> = {};
    for (const name of ACCOUNTS) {
      const account = name === "network" ? options : options[name];
      if (account === undefined) continue;
      if (name !== "network") accounts[name] = plain(account, ACCOUNT, ["credentials"], `${name}.`);
      const { credentials } = account;
      if (credentials === undefined) continue;
      if (typeof credentials !== "function") keysOf(credentials);
      functions[name] = asked("credentials", async () => keysOf(typeof credentials === "function" ? await credentials() : credentials));
    }
    for (const name of FUNCTIONS) {
      if (options[name] !== undefined && typeof options[name] !== "function") {
        throw invalid(name, `is ${sortOf(options[name])}`, "give a function");
      }
    }
    const { publish, withdraw, credential, logger, simulated } = options;
    if (publish !== undefined) functions["publish"] = asked("publish", async (record: TxtRecord) => void (await publish(record)));
    if (withdraw !== undefined) functions["withdraw"] = asked("withdraw", async (record: TxtRecord) => void (await withdraw(record)));
    if (credential !== undefined) {
      functions["credential"] = asked("credential", async () => {
        const { accessKeyId, rawSecretAccessKey } = fieldsOf(await credential(), "credential", ["accessKeyId", "rawSecretAccessKey"]);
        return [accessKeyId, rawSecretAccessKey];
      });
    }
    const log = logger === undefined ? null : logging(logger);
    const world = simulated === undefined ? null : worldOf(simulated);
    this.#handle = named(() => native().client(JSON.stringify(accounts), functions, log, world));
  }

  #open(): Handle {
    if (this.#handle === undefined) throw errorOf(native().closed("client"));
    return this.#handle;
  }

  #target(target: unknown, region: unknown): HandleTarget {
    if (typeof target !== "string") return specOf(target, "target");
    const where = region ?? this.#region;
    if (where === undefined) throw invalid("region", "is missing", "give the Region of the store that you name");
    return { store: target, region: text(where, "region") };
  }

  async #verb<D extends Result>(
    type: { readonly prototype: D; readonly kind: string },
    options: unknown,
    start: (handle: Handle) => Outcome<Task>,
  ): Promise<D> {
    return finish(type, () => named(() => start(this.#open())), given<CallOptions>(options).signal);
  }

  /** What would change to make the spec true. Reads only. */
  async plan(spec: Spec, options: CallOptions = {}): Promise<Plan> {
    return this.#verb(Plan, options, (handle) => handle.plan(specOf(spec)));
  }

  /** Applies a plan, at once: await the run, or iterate over its events. Safe to repeat: it does what is left to do. */
  apply(plan: Plan, options: RunOptions & ConsentOptions = {}): Run {
    return new Run(() => got(this.#open().apply(handleOf(Plan, plan, "plan"), consentOf(options))), given(options));
  }

  /** What it would take to take a store down. Reads only. */
  async planTeardown(target: Target, options: TargetOptions = {}): Promise<Plan> {
    return this.#verb(Plan, options, (handle) => handle.planTeardown(this.#target(target, options.region)));
  }

  /** Takes a store down: plan and apply in one. Deletes what carries our mark and nothing else. */
  teardown(target: Target, options: RunOptions & TargetOptions & ConsentOptions = {}): Run {
    const start = () => got(this.#open().teardown(this.#target(target, given<TargetOptions>(options).region), consentOf(options)));
    return new Run(start, given(options));
  }

  /** How the store stands. Reads only. */
  async status(spec: Spec, options: CallOptions = {}): Promise<Status> {
    return this.#verb(Status, options, (handle) => handle.status(specOf(spec)));
  }

  /** Checks every rule against AWS, for a store of any origin. Reads only. */
  async verify(target: Target, options: TargetOptions = {}): Promise<Verification> {
    return this.#verb(Verification, options, (handle) => handle.verify(this.#target(target, options.region)));
  }

  /** All that AWS tells about a store, and a probe of a spec if asked for. Reads only. */
  async facts(target: Target, options: TargetOptions & { readonly probe?: boolean } = {}): Promise<Facts> {
    return this.#verb(Facts, options, (handle) => handle.facts(this.#target(target, options.region), options.probe ? "{}" : null));
  }

  /**
   * Why a store does not connect, or its keys fail. `told` is what was seen: an error, a ConnectionErrorCode, a message, a log.
   * Reads only.
   */
  async diagnose(
    target: Target,
    options: TargetOptions & { readonly told?: string; readonly probe?: boolean } = {},
  ): Promise<Diagnosis> {
    return this.#verb(Diagnosis, options, (handle) =>
      handle.diagnose(this.#target(target, options.region), text(options.told ?? "", "told"), options.probe ? "{}" : null),
    );
  }

  /** Looks at what no AWS API tells, from this host: public DNS, certificate, TLS, the proxy API. Reads only. */
  async probe(spec: Spec, options: ProbeOptions = {}): Promise<ProbeReport> {
    return this.#verb(ProbeReport, options, (handle) =>
      handle.probe(specOf(spec), JSON.stringify(plain(options, PROBE, ["signal"]))),
    );
  }

  /** Ends the client; running verbs go on. Later calls reject with the kind `closed`. */
  close(): void {
    this.#handle = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [inspect.custom](): string {
    return `Client { region: ${inspect(this.#region)}${this.#handle === undefined ? ", closed" : ""} }`;
  }
}

/** A probe without AWS and without a spec: of a private DNS name, in the Region of its key store. */
export async function probeName(name: string, region: string, options: NameProbeOptions = {}): Promise<ProbeReport> {
  const start = () =>
    named(() => {
      const request = JSON.stringify(plain(options, NAME_PROBE, ["signal", "proxy"]));
      const proxy = options.proxy === undefined ? null : fieldsOf(options.proxy, "proxy", ["path", "accessKeyId", "rawSecretAccessKey"]);
      return native().probeName(text(name, "name"), text(region, "region"), proxy as NonNullable<NameProbeOptions["proxy"]> | null, request);
    });
  return finish(ProbeReport, start, given<CallOptions>(options).signal);
}

/** Options of a verb, which are an object. */
function given<T extends object>(options: unknown): T {
  if (typeof options !== "object" || options === null) throw invalid("options", `is ${sortOf(options)}`, "give an object");
  return options as T;
}

function consentOf(options: ConsentOptions): string[] {
  const consent: unknown = given<ConsentOptions>(options).consent ?? [];
  const all = typeof consent === "string" ? [consent] : consent;
  if (!isA(all, "strings")) throw invalid("consent", `is ${sortOf(consent)}`, "give one or several of its words");
  return [...(all as string[])];
}

/** What a call of the native half brings, with errors about options under the names that the caller used. */
function named<T>(call: () => Outcome<T>): T {
  try {
    return got(call());
  } catch (error) {
    throw inCallersNames(error);
  }
}
