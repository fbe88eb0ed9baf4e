// Makes the packages that are published, as folders under `build/packages`, ready for `npm pack` and `npm publish`: `xkslink`, and
// for each platform one with its native part, which `xkslink` names as an optional dependency. npm installs the one that fits.
//
//     node pack.mjs                           `xkslink`, from `dist`
//     node pack.mjs linux-x64-gnu LIBRARY     `@xkslink/linux-x64-gnu`, with the library that cargo built

import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const HERE = new URL("./", import.meta.url);
const read = (path) => readFileSync(new URL(path, HERE), "utf8");

/** What the loader goes by as well. */
const platforms = JSON.parse(read("xkslink/platforms.json"));
const { scripts, devDependencies, allowScripts, ...own } = JSON.parse(read("package.json"));
const { name, version, license, repository, engines } = own;

/** One version for all: what cargo calls the native part is what npm calls the packages. */
const built = /^version = "(.*)"$/m.exec(read("../Cargo.toml"))[1];
if (built !== version) throw new Error(`package.json says ${version}, Cargo.toml ${built}`);

function folder(of, manifest) {
  const made = new URL(`build/packages/${of}/`, HERE);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  writeFileSync(new URL("package.json", made), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const text of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(new URL(`../${text}`, HERE), new URL(text, made));
  return made;
}

const [wanted, library] = process.argv.slice(2);
if (wanted === undefined) {
  const optionalDependencies = Object.fromEntries(platforms.map((platform) => [`@xkslink/${platform.name}`, version]));
  const made = folder(name, { ...own, optionalDependencies });
  cpSync(new URL("dist", HERE), new URL("dist", made), { recursive: true });
  copyFileSync(new URL("README.md", HERE), new URL("README.md", made));
} else {
  const platform = platforms.find((each) => each.name === wanted);
  if (platform === undefined || library === undefined) {
    throw new Error(`node pack.mjs PLATFORM LIBRARY, with one of ${platforms.map((each) => each.name).join(", ")}`);
  }
  const { os, cpu, libc } = platform;
  const made = folder(wanted, {
    name: `@xkslink/${wanted}`,
    version,
    description: `The native part of xkslink for ${wanted}`,
    license,
    repository,
    main: "xkslink.node",
    files: ["xkslink.node"],
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    engines,
  });
  copyFileSync(library, new URL("xkslink.node", made));
  writeFileSync(new URL("README.md", made), `The native part of [xkslink](https://www.npmjs.com/package/xkslink) for ${wanted}.\n`);
}
