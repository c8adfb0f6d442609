// `npm run docs [-- --port 4321] [--build-only]`: builds the site and serves it.

import { parseArgs } from "node:util";
import { buildSite } from "./build-site.ts";
import { serveSite, siteFolder } from "./site-server.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "4321" }, "build-only": { type: "boolean", default: false } },
});

console.error("docs: building the site");
await buildSite();
if (values["build-only"]) console.log(`docs: built in ${siteFolder}`);
else {
  const { url } = await serveSite(Number(values.port));
  console.log(`docs: ${url} (Ctrl-C ends)`);
}
