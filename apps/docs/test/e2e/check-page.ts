// A page in both schemes and two widths: no complaint, nothing wider than the window, no violation that axe finds.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { LOOKS, openPage, takeOn } from "./watched-page.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function checkPage(browser: Browser, url: string, path: string): Promise<string[]> {
  const { page, complaints } = await openPage(browser, url, path, LOOKS[0]!);
  const problems: string[] = [];
  for (const [index, look] of LOOKS.entries()) {
    await takeOn(page, look);
    // Each scheme and each width once: axe takes a second or more on a long page.
    const found = [...(await overflow(page)), ...(index % 2 === 0 ? await violations(page) : [])];
    problems.push(...found.map((problem) => `${look.width} px, ${look.scheme}: ${problem}`));
  }
  await page.context().close();
  return [...complaints, ...problems];
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
    `(() => { ${axeSource}; return axe.run(document, { resultTypes: ["violations"] }); })()`,
  )) as AxeResults;
  return results.violations.map(
    ({ id, help, nodes }) =>
      `axe ${id}: ${help} (${nodes.length}): ${nodes
        .slice(0, 3)
        .map((node) => node.html.slice(0, 140))
        .join(" | ")}`,
  );
}
