// What the programs here share: how one is told from an import, and how it ends.

import { pathToFileURL } from "node:url";
import { XksError } from "xkslink";

/** Whether a module is the program that runs. */
export function isMain(url: string): boolean {
  return process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href;
}

/** Runs a program; what it fails with is said in two lines, and decides the exit code: 2 for options that it does not have. */
export async function say(program: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await program();
  } catch (error) {
    if (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")) {
      console.error(error.message);
      process.exitCode = 2;
      return;
    }
    if (!(error instanceof XksError)) throw error;
    console.error(`${error.message}\n  ${error.help}`);
    for (const problem of error.problems) console.error(`  ${problem.field}: ${problem.what}; ${problem.help}`);
    process.exitCode = error.kind === "cancelled" ? 130 : 1;
  }
}
