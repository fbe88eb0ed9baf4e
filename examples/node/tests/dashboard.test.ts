// The page in a real browser.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { dashboard, listen } from "../dashboard/server.js";
import { SPEC } from "../example.js";
import { stage } from "./setting.js";

/** Where Debian, and others, put Chromium; CHROMIUM says otherwise. */
const executablePath = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);

let browser: Browser;

before(async () => {
  assert.ok(executablePath, "install Chromium (apt-get install chromium), or set CHROMIUM to where it is");
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

after(async () => browser.close());

test("an apply is watched: topology, events, timeline, rules", { timeout: 120_000 }, async (context) => {
  const { aws, client } = stage();
  const server = dashboard(client, SPEC);
  context.after(() => (server.close(), server.closeAllConnections()));
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(await listen(server, 0));
  await page.getByRole("heading", { name: "payments-hsm in eu-central-1" }).waitFor();
  assert.match((await page.locator("#status").textContent()) ?? "", /17 to create/);
  assert.equal(await page.locator("#topology g[data-state]").count(), 0);
  assert.equal(await page.getByRole("heading", { name: "Timeline" }).isVisible(), false, "nothing empty is shown");

  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText(/^\d+ rules: /).waitFor({ timeout: 60_000 });
  assert.equal(await page.locator("#status").textContent(), "complete");
  // All boxes but that of the proxy, which nobody makes.
  assert.equal(await page.locator('#topology g[data-state="done"]').count(), (await page.locator("#topology g").count()) - 1);
  const lines = await page.getByRole("log").locator("div").allTextContents();
  assert.ok(lines.length > 30, `${lines.length} lines`);
  assert.equal(lines.filter((line) => line.includes("until AWS has verified the domain")).length, 1, "a wait is one line");
  assert.ok(await page.getByRole("button", { name: "Apply" }).isEnabled());
  assert.ok(await page.locator("#timeline svg").isVisible());
  assert.equal(await page.locator("tr").count(), (await client.verify(SPEC)).checks.length);
  assert.equal(await page.locator('tr[data-verdict="fail"]').count(), 1);
  await page.screenshot({ path: fileURLToPath(new URL("../dashboard.png", import.meta.url)), fullPage: true });
  assert.deepEqual(errors, []);
  assert.equal(aws.census()["vpcs"], 1);

  // Whoever comes later sees the same run from its beginning.
  await page.reload();
  await page.getByText(/^\d+ rules: /).waitFor({ timeout: 60_000 });
});

test("a failure says what to do", { timeout: 120_000 }, async (context) => {
  const { aws, client } = stage();
  aws.fault("deny", { on: "CreateTargetGroup" });
  const server = dashboard(client, SPEC);
  context.after(() => (server.close(), server.closeAllConnections()));
  const page = await browser.newPage();
  await page.goto(await listen(server, 0));
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("elasticloadbalancing:CreateTargetGroup").first().waitFor({ timeout: 60_000 });
  assert.equal(await page.locator('#topology g[data-state="failed"]').count(), 1);
});
