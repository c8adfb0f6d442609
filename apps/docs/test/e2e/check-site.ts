// What is true of the site as a whole: the search, and what the first page weighs.

import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { LOOKS, openPage } from "./watched-page.ts";

const WEIGHT_MAX_BYTES = 200_000;

export async function checkSearch(browser: Browser, url: string): Promise<string[]> {
  const { page, complaints } = await openPage(browser, url, "", LOOKS[0]!);
  await page.locator("site-search button[data-open-modal]").click();
  await page.locator("site-search input[type=text]").fill("arena");
  await page.locator("site-search .pagefind-ui__result").first().waitFor();
  await page.context().close();
  return complaints;
}

export async function checkWeight(browser: Browser, url: string): Promise<string[]> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const bodies: Promise<Buffer>[] = [];
  page.on("response", (response) => bodies.push(response.body()));
  await page.goto(url, { waitUntil: "networkidle" });
  const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
  await context.close();
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`        the first page: ${sizes.length} files, ${(total / 1000).toFixed(0)} KB compressed`);
  return total > WEIGHT_MAX_BYTES ? [`${total} bytes compressed, more than ${WEIGHT_MAX_BYTES}`] : [];
}
