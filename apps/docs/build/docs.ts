// `npm run docs [-- --port 4321] [--build-only]`: builds the site and serves it.

import { parseArgs } from "node:util";
import { buildSite } from "./build-site.ts";
import { serveSite, siteFolder } from "./site-server.ts";

const PORT = 4321;

const { values } = parseArgs({
  options: { port: { type: "string" }, "build-only": { type: "boolean", default: false } },
});

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`--port ${text}: a port is a number from 0 to 65535.`);
}

/** On the port that was asked for; without one, on ours or, where that is taken, on any that is free. */
async function serve(asked: number | undefined): Promise<string> {
  try {
    return (await serveSite(asked ?? PORT)).url;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    if (asked === undefined) return (await serveSite(0)).url;
    throw new Error(`Port ${asked} is taken: name another one, such as --port ${asked + 1}.`);
  }
}

try {
  const port = values.port === undefined ? undefined : portOf(values.port);
  console.error("docs: building the site (half a minute)");
  await buildSite();
  if (values["build-only"]) console.log(`docs: built in ${siteFolder}`);
  else console.log(`docs: ${await serve(port)} (Ctrl-C ends)`);
} catch (error) {
  console.error(`docs: ${(error as Error).message}`);
  process.exitCode = 1;
}
