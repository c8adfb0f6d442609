// Pictures of every page, to be looked at by a person.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { LOOKS, openPage } from "./watched-page.ts";

export async function takeScreenshots(
  browser: Browser,
  url: string,
  paths: readonly string[],
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const path of paths) {
    for (const look of LOOKS) {
      const { page } = await openPage(browser, url, path, look);
      for (const stage of await page.locator("heap-scene .scene-stage").all()) await stage.press("End");
      const name = `${path.replaceAll("/", "-") || "start"}${look.width}-${look.scheme}.png`;
      await page.screenshot({ path: join(folder, name), fullPage: true });
      await page.context().close();
    }
  }
}
