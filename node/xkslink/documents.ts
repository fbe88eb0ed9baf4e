// What users write and what verbs hand back. A document is its own data, frozen, with the names that it has in every language;
// it shows itself as text (`String(plan)`), Markdown or a picture, and never holds a secret.

import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { invalid, sortOf } from "./errors";
import { type Document as Handle, native } from "./native";
import { got } from "./outcome";
import type * as records from "./records";

/** How a spec is written down. */
export type Format = "json" | "toml" | "yaml";

/** A spec: a {@link Connectivity}, or its document as an object. */
export type Spec = Connectivity | records.ConnectivityDocument;

const handles = new WeakMap<object, Handle>();

/** A class of documents. */
interface Class<D extends Document> {
  readonly prototype: D;
  readonly kind: string;
}

/** A document of the native half as one of these. */
export function make<D extends Document>(type: Class<D>, handle: Handle): D {
  const made = Object.create(type.prototype) as D;
  handles.set(made, handle);
  return Object.freeze(Object.assign(made, JSON.parse(got(handle.toJson())) as object));
}

/** The native half's own of a document. */
export function handleOf<D extends Document>(type: Class<D>, document: unknown, name: string): Handle {
  const handle = handles.get(document as object);
  if (handle?.kind === type.kind) return handle;
  const given = handle === undefined ? sortOf(document) : `a ${handle.kind}`;
  throw invalid(name, `is ${given}`, `give a ${type.kind} that xkslink made`);
}

/** The native half's own of a spec. */
export function specOf(spec: unknown, name = "spec"): Handle {
  if (handles.has(spec as object)) return handleOf(Connectivity, spec, name);
  let document: string | undefined;
  try {
    document = JSON.stringify(spec);
  } catch (error) {
    throw invalid(name, "is no document", "give plain objects, arrays, strings, numbers and booleans", error);
  }
  if (typeof spec !== "object" || document === undefined) {
    throw invalid(name, `is ${sortOf(spec)}`, "give a spec as an object, or a `Connectivity`");
  }
  return got(native().spec("json", document));
}

/** A string that a caller gave. */
export function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalid(name, `is ${sortOf(value)}`, "give a string");
  return value;
}

function handle(document: Document): Handle {
  const found = handles.get(document);
  if (found === undefined) throw invalid("this", `is ${sortOf(document)}`, "call the method on a document of xkslink");
  return found;
}

/** What all documents have. */
export abstract class Document {
  protected constructor() {
    throw invalid(new.target.name, "has no constructor", "use what a verb returns, `from`, or `fromDocument`");
  }

  /** The document as JSON text, the same bytes in every language. */
  toDocument(): string {
    return got(handle(this).toJson());
  }

  /** The document as text for people. */
  toString(): string {
    return got(handle(this).text());
  }

  /** The document as Markdown. */
  toMarkdown(): string {
    return got(handle(this).toMarkdown());
  }
}

/** What a verb hands back. */
export abstract class Result extends Document {
  /** Reads a document that `toDocument` wrote. */
  static fromDocument<D extends Result>(this: Class<D>, document: string): D {
    return make(this, got(native().document(this.kind, text(document, "document"))));
  }
}

export interface Connectivity extends records.ConnectivityDocument {}

/** What is wanted: the connectivity of an external key store, checked as a whole. Every default is written out. */
export class Connectivity extends Document {
  /** Which document it is. */
  static readonly kind = "spec";

  /** Checks a spec; throws an error whose `problems` lists all that is wrong. */
  static from(spec: Spec): Connectivity {
    return spec instanceof Connectivity ? spec : make(Connectivity, specOf(spec));
  }

  /** Reads a spec from a document. */
  static fromDocument(document: string, format: Format = "json"): Connectivity {
    return make(Connectivity, got(native().spec(text(format, "format"), text(document, "document"))));
  }

  /** Reads a spec from a file that ends in `.json`, `.toml`, `.yaml` or `.yml`. */
  static async fromFile(path: string | URL): Promise<Connectivity> {
    const ending = extname(path instanceof URL ? path.pathname : text(path, "path")).slice(1).toLowerCase();
    const document = await readFile(path, "utf8").catch((error: Error) => {
      throw invalid("path", error.message, "give the path of a document that can be read", error);
    });
    return Connectivity.fromDocument(document, (ending === "yml" ? "yaml" : ending) as Format);
  }

  /** The spec as text. A secret is withheld. */
  override toDocument(format: Format = "json"): string {
    return got(handle(this).toFormat(text(format, "format")));
  }

  /** The IAM policies that a verb needs which only reads. */
  policies(verb: "status" | "verify" | "diagnose" | "probe"): readonly RolePolicy[] {
    return JSON.parse(got(handle(this).policies(text(verb, "verb")))) as RolePolicy[];
  }
}

/** The IAM policy that a role needs. */
export interface RolePolicy {
  /** Whose policy it is. */
  readonly role: records.Role;
  /** The policy in IAM's own form. */
  readonly iam: { readonly [name: string]: unknown };
  /** What it allows, and why. */
  readonly statements: readonly records.Statement[];
}

export interface Plan extends records.Plan {}

/** What would change, before anything does. Applying it is approving it. */
export class Plan extends Result {
  /** Which document it is. */
  static readonly kind = "plan";

  /** Whether there is nothing to do. */
  get isEmpty(): boolean {
    return this.steps.length === 0;
  }

  /** What has to be agreed to before it can be applied. */
  get needsConsent(): readonly Consent[] {
    return JSON.parse(got(handle(this).needsConsent())) as Consent[];
  }

  /** Seconds that AWS usually takes for the longest chain of steps. */
  get usuallyTakesSeconds(): number {
    return got(handle(this).usuallyTakesSeconds());
  }

  /** The IAM policies that the plan needs. */
  policies(): readonly RolePolicy[] {
    return JSON.parse(got(handle(this).policies("apply"))) as RolePolicy[];
  }

  /** The topology that the plan leads to, as a Mermaid flowchart. */
  toMermaid(): string {
    return got(handle(this).toMermaid());
  }

  /** The topology that the plan leads to, as an SVG picture. */
  toSvg(): string {
    return got(handle(this).toSvg());
  }
}

/** What a plan may do beyond creating and updating, once the caller says so. */
export type Consent = "replace" | "delete" | "disconnect" | "despite_rules";

export interface Report extends records.Report {}

/** What an apply or a teardown did. Its `outcome` says how it ended. */
export class Report extends Result {
  /** Which document it is. */
  static readonly kind = "report";

  /** When each step ran, as an SVG picture. */
  toSvg(): string {
    return got(handle(this).toSvg());
  }

  /** One HTML file to keep or send: how it ended, the timeline, and the text. */
  toHtml(): string {
    return got(handle(this).toHtml());
  }
}

export interface Status extends records.Status {}

/** How each resource of a store stands. */
export class Status extends Result {
  /** Which document it is. */
  static readonly kind = "status";

  /** Whether everything is as the spec asks. */
  get asWanted(): boolean {
    return this.resources.every((each) => each.standing === "as_wanted");
  }
}

export interface Verification extends records.Verification {}

/** Which rules hold. */
export class Verification extends Result {
  /** Which document it is. */
  static readonly kind = "verification";

  /** The rules that do not hold. */
  get failures(): readonly records.Check[] {
    return this.checks.filter((check) => check.verdict === "fail");
  }

  /** The check of a rule such as `EPS-01`. */
  check(rule: string): records.Check | undefined {
    return this.checks.find((check) => check.rule === rule);
  }

  /** One HTML file to keep as evidence. */
  toHtml(): string {
    return got(handle(this).toHtml());
  }
}

export interface Diagnosis extends records.Diagnosis {}

/** Why a store does not work: the causes, the likeliest first. */
export class Diagnosis extends Result {
  /** Which document it is. */
  static readonly kind = "diagnosis";

  /** The first cause that is certain. */
  get found(): records.Cause | undefined {
    return this.causes.find((cause) => cause.certainty === "found");
  }
}

export interface ProbeReport extends records.ProbeReport {}

/** What a probe of DNS, TLS and the proxy API saw. */
export class ProbeReport extends Result {
  /** Which document it is. */
  static readonly kind = "probe";
}

/** What AWS and a probe told of a store, for rules and diagnosis without another look. */
export class Facts extends Result {
  /** Which document it is. */
  static readonly kind = "facts";

  /** Judged by every rule. */
  verify(): Verification {
    return make(Verification, got(handle(this).verified()));
  }

  /** The causes of what was told: an error, a ConnectionErrorCode, a message, a log. */
  diagnose(told = ""): Diagnosis {
    return make(Diagnosis, got(handle(this).diagnosed(text(told, "told"))));
  }
}

/** Whom an error message accuses, without a look at AWS. Nothing of the text is kept. */
export function diagnoseText(message: string): Diagnosis {
  return make(Diagnosis, got(native().diagnosisOfText(text(message, "message"))));
}

/** The JSON Schema (2020-12) of a sort of documents: `connectivity` is a spec, the others are named as what verbs give. */
export function schema(name = "connectivity"): { readonly [name: string]: unknown } {
  return JSON.parse(got(native().schema(text(name, "name")))) as { [name: string]: unknown };
}
