// A page whose complaints are written down: errors on the console, failed and foreign requests, violated policies.

import type { Browser, Page } from "playwright-core";

export interface Look {
  readonly width: number;
  readonly scheme: "light" | "dark";
}

export const LOOKS: readonly Look[] = [
  { width: 1440, scheme: "light" },
  { width: 1440, scheme: "dark" },
  { width: 360, scheme: "dark" },
  { width: 360, scheme: "light" },
];

const HEIGHT = 900;

/** Gives an open page another look, and waits until it has it. */
export async function takeOn(page: Page, { width, scheme }: Look): Promise<void> {
  await page.setViewportSize({ width, height: HEIGHT });
  await page.emulateMedia({ colorScheme: scheme });
  await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, scheme);
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

const PATIENCE_MS = 60_000;

export async function openPage(
  browser: Browser,
  url: string,
  path: string,
  { width, scheme }: Look,
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: HEIGHT }, colorScheme: scheme });
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
    const isHere = [url, "data:", `blob:${url}`].some((start) => request.url().startsWith(start));
    if (!isHere) complaints.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(url + path, { waitUntil: "load" });
  await page.waitForFunction(() =>
    [...document.querySelectorAll("heap-scene, engine-question, engine-run, stats-reader, fact-table")].every(
      (element) => element.hasAttribute("data-ready"),
    ),
  );
  return { page, complaints };
}
