// A page whose complaints are written down: errors on the console, failed and foreign requests, violated policies.

import type { Browser, Page } from "playwright-core";

export interface Look {
  readonly width: number;
  readonly scheme: "light" | "dark";
}

export const LOOKS: readonly Look[] = [
  { width: 1440, scheme: "light" },
  { width: 360, scheme: "dark" },
];

const PATIENCE_MS = 60_000;

export async function openPage(
  browser: Browser,
  url: string,
  path: string,
  { width, scheme }: Look,
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    const isOwn404 = path === "404.html" && message.text().includes("404");
    if (message.type() === "error" && !isOwn404) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    const isHere = request.url().startsWith(url) || request.url().startsWith("data:");
    if (!isHere) complaints.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(url + path, { waitUntil: "load" });
  await page.waitForFunction(() =>
    [...document.querySelectorAll("heap-scene, engine-question, engine-run, stats-reader")].every((element) =>
      element.hasAttribute("data-ready"),
    ),
  );
  return { page, complaints };
}
