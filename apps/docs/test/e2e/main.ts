// The site in a real browser. `npm run e2e [-- --no-build] [--only NAME] [--screenshots FOLDER]`; the last line counts.
// With `--only` the pages whose paths hold NAME are looked at, and nothing else.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { buildSite } from "../../build/build-site.ts";
import { serveSite, siteFolder } from "../../build/site-server.ts";
import { findChromium } from "./browser.ts";
import { checkDrop, DROP_PAGE } from "./check-drop.ts";
import { checkKeyboard } from "./check-keyboard.ts";
import { brokenLinks, fileOf } from "./check-links.ts";
import { checkLive, isLive } from "./check-live.ts";
import { checkMotion } from "./check-motion.ts";
import { checkPage } from "./check-page.ts";
import { checkSearch, checkWeight } from "./check-site.ts";
import { takeScreenshots } from "./screenshots.ts";

const { values } = parseArgs({
  options: { "no-build": { type: "boolean" }, only: { type: "string" }, screenshots: { type: "string" } },
});

const counts = { passed: 0, failed: 0, skipped: 0 };

async function check(name: string, act: () => Promise<readonly string[]>): Promise<void> {
  const problems = await act().catch((error: Error) => [error.message]);
  if (problems.length === 0) counts.passed++;
  else counts.failed++;
  console.log(`${problems.length === 0 ? "ok     " : "FAILED "} ${name}`);
  for (const problem of problems) console.log(`        ${problem.replaceAll("\n", "\n        ")}`);
}

/** Pages that are looked at at the same time. */
const AT_ONCE = 3;

/** Every page of the built site, as a path. */
const allPages = (): string[] =>
  readdirSync(siteFolder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".html") && !name.startsWith("pagefind"))
    .map((name) => name.replaceAll("\\", "/").replace(/index\.html$/, ""))
    .sort();

async function run(browser: Browser, url: string): Promise<void> {
  const pages = allPages().filter((path) => path.includes(values.only ?? ""));
  const left = [...pages];
  const checkPages = async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      const [at, name] = [path, path || "start"];
      await check(`${name}: opens, fits, has no violation`, () => checkPage(browser, url, at));
      if (isLive(readFileSync(join(siteFolder, fileOf(at)), "utf8")))
        await check(`${name}: what is live`, () => checkLive(browser, url, at));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, checkPages));
  if (pages.includes(DROP_PAGE)) await check("a dropped recording", () => checkDrop(browser, url));
  if (values.only === undefined) {
    await check("by keyboard alone", () => checkKeyboard(browser, url));
    await check("with reduced motion", () => checkMotion(browser, url));
    await check("every link", async () => brokenLinks(allPages()));
    await check("search without network", () => checkSearch(browser, url));
    await check("weight of the first page", () => checkWeight(browser, url));
  }
  if (values.screenshots !== undefined) await takeScreenshots(browser, url, pages, join(values.screenshots));
}

const found = findChromium();
if ("reason" in found) {
  console.log(`SKIPPED the site in the browser: ${found.reason}`);
  counts.skipped++;
} else {
  if (!values["no-build"]) await buildSite();
  const { server, url } = await serveSite(0);
  const browser = await chromium.launch({ executablePath: found.path, args: ["--no-sandbox"] });
  await run(browser, url);
  await browser.close();
  server.close();
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
