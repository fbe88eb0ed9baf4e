// How the native part is found: one for each platform, in an optional package that npm chooses by system, processor and C library.

import { XksError } from "./errors";
import platforms = require("./platforms.json");

/** The platforms that have a package with a native part. `pack.mjs` and the release are made from the same list. */
interface Platform {
  readonly name: string;
  readonly os: string;
  readonly cpu: string;
  readonly libc?: string;
}

const PLATFORMS: readonly Platform[] = platforms;

/** As in `engines` of package.json, which npm does not enforce. */
const OLDEST_NODE = 20;

/** Where a checkout has its native part: beside the package. */
const OWN = "../xkslink.node";

/** Loads the native part for this platform, or says why there is none and what to do. */
export function load(): unknown {
  const { platform, arch, versions } = process;
  if (parseInt(versions.node) < OLDEST_NODE) throw refused("this Node is too old", `use Node ${OLDEST_NODE} or later`);
  const packages = PLATFORMS.filter(({ os, cpu }) => os === platform && cpu === arch).map(({ name }) => `@xkslink/${name}`);
  let cause: unknown;
  // npm installs one of the two for Linux. Where another tool installed both, the one for another C library does not load.
  for (const place of [OWN, ...packages]) {
    try {
      return require(place) as unknown;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") cause = error;
    }
  }
  if (packages.length === 0) {
    const names = PLATFORMS.map(({ name }) => name).join(", ");
    throw refused("there is no native part", `it is made for ${names}; elsewhere build it from the repository with \`make node\``);
  }
  const again = `run \`npm install xkslink --include=optional\` on the machine that runs it, which installs ${packages.join(" or ")}`;
  if (cause === undefined) throw refused("the native part is not installed", again);
  throw refused("the native part does not load", `see \`cause\`; if it was installed on another system, ${again}`, cause);
}

function refused(message: string, help: string, cause?: unknown): XksError {
  const { platform, arch, versions } = process;
  const where = [platform, arch, ...libc()].join(" ");
  return new XksError({ kind: "unsupported", message: `xkslink on ${where}, Node ${versions.node}: ${message}`, help, cause });
}

/** The C library of this system, on Linux. */
function libc(): string[] {
  if (process.platform !== "linux") return [];
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return [header.glibcVersionRuntime === undefined ? "musl" : "glibc"];
}
