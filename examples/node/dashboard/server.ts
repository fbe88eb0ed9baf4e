// A small page that shows a live apply against the simulated AWS: topology coloured by state, timeline, events, verification.
//
//     node build/dashboard/server.js [--port 8080] [--speed 60]

import { readFile } from "node:fs/promises";
import { type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { Client, type Run, type Spec, XksError } from "xkslink";
import { SimulatedAws } from "xkslink/testing";
import { CREDENTIAL, SPEC } from "../example.js";
import { isMain } from "../program.js";

const PAGE = new URL("../../dashboard/page.html", import.meta.url);

/** A server of the page for one store. */
export function dashboard(client: Client, spec: Spec): Server {
  let run: Run | undefined;
  /** Of two browsers that apply, the second joins the run of the first. */
  let begun: Promise<void> | undefined;

  async function begin(): Promise<void> {
    const over = () => (begun = undefined);
    try {
      run = client.apply(await client.plan(spec));
    } catch (error) {
      over();
      throw error;
    }
    // The run's failure is told to whoever listens to its events.
    run.then(over, over);
  }

  /** Sends what happens as server-sent events, from the beginning of the run, whenever a browser comes. */
  async function events(response: ServerResponse): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const send = (event: string, data: unknown) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const plan = await client.plan(spec);
    send("plan", { title: `${plan.store} in ${plan.region}`, text: String(plan), svg: plan.toSvg() });
    if (run === undefined) return void response.end("event: idle\ndata: {}\n\n");
    try {
      for await (const event of run) send("step", { ...event, line: String(event) });
      const report = await run;
      send("report", { status: report.outcome.status, svg: report.toSvg() });
      const verification = await client.verify(spec);
      send("verification", { checks: verification.checks });
    } catch (error) {
      if (!(error instanceof XksError)) throw error;
      send("failed", { message: error.message, help: error.help });
    }
    response.end("event: idle\ndata: {}\n\n");
  }

  return createServer(async (request, response) => {
    try {
      switch (`${request.method} ${request.url}`) {
        case "GET /":
          response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(await readFile(PAGE));
          return;
        case "GET /events":
          await events(response);
          return;
        case "POST /apply":
          await (begun ??= begin());
          response.writeHead(204).end();
          return;
        default:
          response.writeHead(404).end();
      }
    } catch (error) {
      if (!response.headersSent) response.writeHead(500);
      response.end(error instanceof XksError ? error.message : "a fault of this program");
    }
  });
}

/** Where a server listens, on loopback. */
export async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "8080" }, speed: { type: "string", default: "60" } } });
  const simulated = new SimulatedAws({ hostedZones: ["example.com"], speed: Number(values.speed) });
  console.log(await listen(dashboard(new Client({ simulated, credential: () => CREDENTIAL }), SPEC), Number(values.port)));
}
