// Pictures of every page, to be looked at by a person.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { LOOKS, openPage, takeOn } from "./watched-page.ts";

export async function takeScreenshots(
  browser: Browser,
  url: string,
  paths: readonly string[],
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const path of paths) {
    const { page } = await openPage(browser, url, path, LOOKS[0]!);
    for (const canvas of await page.locator("heap-scene canvas").all()) await canvas.press("End");
    for (const look of LOOKS) {
      await takeOn(page, look);
      const name = `${path.replaceAll("/", "-") || "start"}${look.width}-${look.scheme}.png`;
      await page.screenshot({ path: join(folder, name), fullPage: true });
    }
    await page.context().close();
  }
}
