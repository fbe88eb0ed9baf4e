// Writes `build/exported.d.mts`: what the native half exports, as its macros noted it when cargo built the library that `make node`
// took. The tests hold `xkslink/native.ts` against it.

import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";

const BUILT = new URL("../../target/debug/build/", import.meta.url);
const OUTPUT = new URL("../build/exported.d.mts", import.meta.url);

/** Aliases of the Rust code, which the macros leave as they are. */
const ALIASES = `export type Outcome<T> = T | Failure;
export type What = Document | Named;
export type Functions = Record<string, (question: Question) => void>;
`;

const notes = readdirSync(BUILT)
  .filter((folder) => folder.startsWith("xkslink-node-"))
  .map((folder) => new URL(`${folder}/out/xkslink-node`, BUILT))
  .filter((file) => statSync(file, { throwIfNoEntry: false }) !== undefined)
  .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
if (notes.length === 0) throw new Error("run `make node`: the native half was not built here");

const declarations = readFileSync(notes[0], "utf8").trim().split("\n").map((line) => JSON.parse(line));
const members = (name) => declarations.filter((each) => each.kind === "impl" && each.name === name).map((each) => each.def);
const written = declarations.map(({ kind, name, def }) => {
  if (kind === "fn") return `export declare ${def};\n`;
  if (kind === "struct") return `export declare class ${name} {\n${[def, ...members(name)].join("\n")}\n}\n`;
  return kind === "interface" ? `export interface ${name} {\n${def}\n}\n` : "";
});
mkdirSync(new URL(".", OUTPUT), { recursive: true });
writeFileSync(OUTPUT, ALIASES + written.join(""));
