// The same package with `require`: named, and the same classes as with `import`.

import assert = require("node:assert/strict");
import { test } from "node:test";
import xkslink = require("xkslink");
import testing = require("xkslink/testing");

test("CommonJS and ECMAScript modules share one package", async () => {
  const imported = await import("xkslink");
  const { Client, Connectivity, XksError } = xkslink;
  assert.equal(Client, imported.Client);
  assert.equal(XksError, imported.XksError);
  assert.equal(testing.SimulatedAws, (await import("xkslink/testing")).SimulatedAws);
  assert.throws(() => Connectivity.from({} as never), XksError);
});
