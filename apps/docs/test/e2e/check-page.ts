// A page in both schemes and two widths: no complaint, nothing wider than the window, no violation that axe finds.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { LOOKS, openPage } from "./watched-page.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function checkPage(browser: Browser, url: string, path: string): Promise<string[]> {
  const problems: string[] = [];
  for (const look of LOOKS) {
    const { page, complaints } = await openPage(browser, url, path, look);
    const found = [
      ...complaints,
      ...(await overflow(page)),
      ...(await violations(page)),
      ...(await brokenLinks(page, url)),
    ];
    problems.push(...found.map((problem) => `${look.width} px, ${look.scheme}: ${problem}`));
    await page.context().close();
  }
  return problems;
}

async function overflow(page: Page): Promise<string[]> {
  const { wide, window } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  return wide > window ? [`the page is ${wide} px wide in a window of ${window}`] : [];
}

async function violations(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy would refuse.
  const results = (await page.evaluate(
    `(() => { ${axeSource}; return axe.run(document); })()`,
  )) as AxeResults;
  return results.violations.map(
    ({ id, help, nodes }) =>
      `axe ${id}: ${help} (${nodes.length}): ${nodes
        .slice(0, 3)
        .map((node) => node.html.slice(0, 140))
        .join(" | ")}`,
  );
}

/** Links to this site that lead nowhere, their anchors included. */
async function brokenLinks(page: Page, url: string): Promise<string[]> {
  const hrefs = await page.$$eval("a[href]", (links) =>
    links.map((link) => (link as HTMLAnchorElement).href),
  );
  const inside = [...new Set(hrefs)].filter((href) => href.startsWith(url));
  const broken: string[] = [];
  for (const href of inside) {
    const response = await page.request.get(href.split("#")[0]!);
    const anchor = href.split("#")[1];
    if (!response.ok()) broken.push(`a link leads nowhere: ${href}`);
    else if (anchor && !(await response.text()).includes(`id="${decodeURIComponent(anchor)}"`)) {
      broken.push(`a link has no such place: ${href}`);
    }
  }
  return broken;
}
