// What calls throw and promises are rejected with: one class, whose `kind` says which decision the caller faces.

import type { Report } from "./documents";
import type * as records from "./records";

/** A kind of the core, or one that only this package knows: `unsupported` when there is no native part for the platform. */
export type ErrorKind = records.ErrorKind | "cancelled" | "invalid_argument" | "closed" | "internal" | "unsupported";

/** One thing that is wrong with a spec. */
export interface Problem {
  /** Where, such as `proxy.addresses[1]`; empty for the whole document. */
  readonly field: string;
  /** The rule that says so, such as `NET-06`. */
  readonly rule?: string;
  /** What is wrong, with the value in it. */
  readonly what: string;
  /** What to do. */
  readonly help: string;
}

/** The failure as plain data, as it is in every language. */
export type ErrorDocument = Omit<records.ErrorDetails, "kind"> & { readonly kind: ErrorKind };

/** What an error is made of; what is not given is empty. */
export interface ErrorFields {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly help?: string;
  readonly resource?: string | null;
  readonly aws_code?: string | null;
  readonly request_id?: string | null;
  readonly retryable?: boolean;
  readonly problems?: readonly Problem[];
  readonly broken?: readonly records.Check[];
  readonly report?: Report | undefined;
  readonly cause?: unknown;
}

/**
 * A call did not do what it should. `message` says what was being done and what went wrong, `help` what to do about it.
 *
 * A call that was cancelled has the name `AbortError`, as everywhere in Node, and the reason of the signal as its `cause`.
 * What a callback threw is the `cause` of the error that came of it.
 */
export class XksError extends Error {
  /** Which decision the caller faces. */
  readonly kind: ErrorKind;
  /** What a person can do about it. */
  readonly help: string;
  /** The resource it happened at, such as `subnet euc1-az1`. */
  readonly resource: string | undefined;
  /** AWS's own error code. */
  readonly awsCode: string | undefined;
  /** AWS's request id, for support cases. */
  readonly requestId: string | undefined;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** Every problem of a spec; empty for other errors. */
  readonly problems: readonly Problem[];
  /** The rules that do not hold, when that is why; empty for other errors. */
  readonly broken: readonly records.Check[];
  /** What apply or teardown had done until then. */
  readonly report: Report | undefined;

  constructor(fields: ErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    const name = fields.kind === "cancelled" ? "AbortError" : "XksError";
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
    this.kind = fields.kind;
    this.help = fields.help ?? "";
    this.resource = fields.resource ?? undefined;
    this.awsCode = fields.aws_code ?? undefined;
    this.requestId = fields.request_id ?? undefined;
    this.retryable = fields.retryable ?? false;
    this.problems = fields.problems ?? [];
    this.broken = fields.broken ?? [];
    this.report = fields.report;
  }

  /** The error as its document. Holds no secret. */
  toJSON(): ErrorDocument {
    return {
      version: 1,
      kind: this.kind,
      message: this.message,
      help: this.help,
      resource: this.resource ?? null,
      aws_code: this.awsCode ?? null,
      request_id: this.requestId ?? null,
      retryable: this.retryable,
      ...(this.broken.length > 0 ? { broken: this.broken } : {}),
    };
  }
}

/** An argument cannot be used: its name, what is wrong, and what to give instead. */
export function invalid(name: string, what: string, help: string, cause?: unknown): XksError {
  return new XksError({ kind: "invalid_argument", message: `${name}: ${what}`, help, cause });
}

/** What a value is, for people. */
export function sortOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
