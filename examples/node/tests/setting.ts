// What the tests share: a world, and a client of it.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "xkslink";
import { SimulatedAws } from "xkslink/testing";
import { CREDENTIAL } from "../example.js";

export function stage(): { aws: SimulatedAws; client: Client } {
  const aws = new SimulatedAws({ hostedZones: ["example.com"] });
  return { aws, client: new Client({ simulated: aws, credential: () => CREDENTIAL }) };
}

/** A folder of its own. */
export const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "xkslink-"));

/** What a program prints. */
export class Printed {
  readonly lines: string[] = [];
  readonly print = (line: string): void => void this.lines.push(line);

  get text(): string {
    return this.lines.join("\n");
  }
}
