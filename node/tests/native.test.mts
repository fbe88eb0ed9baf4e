// `xkslink/native.ts`, which is written by hand, against what the native half exports. The compiler compares them.

import assert from "node:assert/strict";
import { test } from "node:test";
import type * as exported from "../build/exported.mjs";
import type * as written from "../dist/native.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(told?: T): void => void told;

/** The members of a type: how many parameters each has, or that it is a field. */
type Shape<T> = { -readonly [Name in keyof T]: T[Name] extends (...given: infer All) => unknown ? Required<All>["length"] : "field" };
type Classes = "Failure" | "Document" | "Task" | "Question" | "Client" | "Simulator";
type Functions = Exclude<keyof typeof exported, Classes>;

test("what is written by hand is what the native half exports", () => {
  holds<Same<Shape<exported.Failure>, Shape<written.Failure>>>();
  holds<Same<Shape<exported.Document>, Shape<written.Document>>>();
  holds<Same<Shape<exported.Task>, Shape<written.Task>>>();
  holds<Same<Shape<exported.Question>, Shape<written.Question>>>();
  holds<Same<Shape<exported.Client>, Shape<written.Client>>>();
  holds<Same<Shape<exported.Simulator>, Shape<written.Simulator>>>();
  holds<Same<Shape<exported.Logged>, Shape<written.Logged>>>();
  holds<Same<Shape<Pick<typeof exported, Functions>>, Shape<Omit<written.Native, "Failure">>>>();
  assert.ok(true, "it compiles");
});
