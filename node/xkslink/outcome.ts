// From what the native half hands back to values and errors.

import { Report, make } from "./documents";
import { type ErrorFields, XksError } from "./errors";
import { type Outcome, type Failure, native } from "./native";

/** The value, or the error thrown. */
export function got<T>(outcome: Outcome<T>): T {
  if (outcome instanceof native().Failure) throw errorOf(outcome as Failure);
  return outcome as T;
}

/** The error of a failure. */
export function errorOf(failure: Failure, cause?: unknown): XksError {
  const report = failure.report();
  const thrown = failure.thrown();
  return new XksError({
    ...(JSON.parse(failure.details()) as ErrorFields),
    report: report === null ? undefined : make(Report, report),
    cause: thrown === null ? cause : recall(thrown),
  });
}

/** What callbacks threw lately. An error takes its own from here; what no error asks for is forgotten in time. */
const thrown = new Map<number, unknown>();
const KEPT = 100;
let last = 0;

/** Keeps what a callback threw, under a number that the native half can carry. */
export function keep(value: unknown): number {
  last = (last + 1) % 2 ** 32;
  thrown.set(last, value);
  if (thrown.size > KEPT) thrown.delete(thrown.keys().next().value as number);
  return last;
}

function recall(number: number): unknown {
  const value = thrown.get(number);
  thrown.delete(number);
  return value;
}
