// What is in the native half. It is loaded when something needs it, so that importing costs nothing.

import { load } from "./load";

/** Why a call did not do what it should. */
export interface Failure {
  details(): string;
  report(): Document | null;
  thrown(): number | null;
}

/** A value, or why there is none. */
export type Outcome<T> = T | Failure;

export interface Document {
  readonly kind: string;
  toJson(): Outcome<string>;
  toFormat(format: string): Outcome<string>;
  text(): Outcome<string>;
  toMarkdown(): Outcome<string>;
  toSvg(): Outcome<string>;
  toMermaid(): Outcome<string>;
  toHtml(): Outcome<string>;
  policies(verb: string): Outcome<string>;
  needsConsent(): Outcome<string>;
  usuallyTakesSeconds(): Outcome<number>;
  verified(): Outcome<Document>;
  diagnosed(told: string): Outcome<Document>;
}

export interface Task {
  events(): Outcome<{ json: string; line: string }[]>;
  result(): Outcome<Document> | null;
  cancel(): void;
  whenReady(told: () => void): void;
}

/** What a function of the caller is asked, and the way back for its answer. */
export interface Question {
  readonly input: string;
  answer(output: string): void;
  fail(text: string, number: number): void;
}

/** One thing that was logged. */
export interface Logged {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly target: string;
  readonly message: string;
}

/** A spec, or a store without one. */
export type Target = Document | { store: string; region: string };

export interface Client {
  plan(spec: Document): Outcome<Task>;
  apply(plan: Document, consent: string[]): Outcome<Task>;
  planTeardown(target: Target): Outcome<Task>;
  teardown(target: Target, consent: string[]): Outcome<Task>;
  status(spec: Document): Outcome<Task>;
  verify(target: Target): Outcome<Task>;
  facts(target: Target, probe: string | null): Outcome<Task>;
  diagnose(target: Target, told: string, probe: string | null): Outcome<Task>;
  probe(spec: Document, probe: string): Outcome<Task>;
}

export interface Simulator {
  close(): void;
  duringRun(script: string): Outcome<undefined>;
  deed(deed: string): Outcome<string>;
  census(): Outcome<string>;
  world(): Outcome<string>;
  requests(): Outcome<string>;
  now(): Outcome<number>;
  serve(port: number): Outcome<string>;
  startProxy(setup: string): Outcome<string>;
  startDns(): Outcome<string>;
}

export interface Native {
  readonly Failure: abstract new () => Failure;
  version(): string;
  schema(name: string): Outcome<string>;
  cancelled(): Failure;
  closed(what: string): Failure;
  document(kind: string, text: string): Outcome<Document>;
  spec(format: string, text: string): Outcome<Document>;
  diagnosisOfText(text: string): Outcome<Document>;
  client(
    accounts: string,
    functions: Record<string, (question: Question) => void>,
    log: ((logged: Logged) => void) | null,
    simulator: Simulator | null,
  ): Outcome<Client>;
  simulator(world: string): Outcome<Simulator>;
  probeName(
    name: string,
    region: string,
    proxy: { path: string; accessKeyId: string; rawSecretAccessKey: string } | null,
    probe: string,
  ): Outcome<Task>;
}

let loaded: Native | undefined;

/** The native half of this platform. */
export function native(): Native {
  loaded ??= load() as Native;
  return loaded;
}
