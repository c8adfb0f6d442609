// The HTML report, in a real browser without a network.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASE, newFolder, obmalloc } from "./harness.ts";

const CHROMIUM = "/usr/bin/chromium";
const report = join(newFolder(), "report.html");
const written = await obmalloc(["explain", CASE, "--html", report]);

describe("explain --html", () => {
  it("writes one file that loads nothing", () => {
    expect(written).toMatchObject({ code: 0, stderr: "" });
    expect(written.stdout).toContain(report);
    const page = readFileSync(report, "utf8");
    expect(statSync(report).size).toBeLessThan(3e6);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/(?:src|href)=|url\(|@import/);
    expect(page).toContain("pinned.py:31 work");
  });
});

describe.skipIf(!existsSync(CHROMIUM))("the report in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  afterAll(() => browser.close());

  async function open(
    options: Parameters<Browser["newPage"]>[0] = {},
  ): Promise<{ page: Page; problems: string[] }> {
    const problems: string[] = [];
    const page = await browser.newPage(options);
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith("file:")) problems.push(`asked for ${request.url()}`);
    });
    await page.goto(`${pathToFileURL(report)}`);
    await page.waitForFunction(
      () => document.querySelector("obm-arena-map")?.shadowRoot?.querySelector("td") != null,
    );
    return { page, problems };
  }

  it("opens without a complaint, and its pictures say the same as text", async () => {
    const { page, problems } = await open();
    const twins = await page.evaluate(() =>
      ["obm-waterfall", "obm-timeline", "obm-arena-map"].map(
        (name) => document.querySelector(name)!.shadowRoot!.querySelectorAll("tbody tr").length,
      ),
    );
    expect(twins[0]).toBe(7);
    expect(twins[1]).toBeGreaterThan(30);
    expect(twins[2]).toBe(11);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is moved through by keys, keeps the moment in its address, and finds it again", async () => {
    const { page, problems } = await open();
    const status = () =>
      page.evaluate(
        () => document.querySelector("obm-arena-map")!.shadowRoot!.querySelector(".status")!.textContent,
      );
    const last = await status();
    await page.locator("obm-arena-map canvas").focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press(",");
    const earlier = await status();
    expect(earlier).not.toBe(last);
    const address = page.url();
    expect(address).toMatch(/#event=\d+$/);
    const event = /#event=(\d+)/.exec(address)![1]!;
    expect(earlier!.replaceAll(",", "")).toContain(`Event ${event}`);
    await page.keyboard.press("ArrowRight");
    expect(await status()).toContain("pool 1");
    await page.reload();
    await page.waitForFunction(
      (text) =>
        document
          .querySelector("obm-arena-map")!
          .shadowRoot!.querySelector(".status")!
          .textContent!.replaceAll(",", "")
          .includes(text),
      `Event ${event}`,
    );
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each(["light", "dark"] as const)(
    "has no accessibility violation, %s, wide and narrow",
    async (colorScheme) => {
      const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
      for (const width of [1440, 360]) {
        const { page } = await open({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        await page.evaluate(axe);
        const violations = await page.evaluate(
          "axe.run().then((found) => found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 120)).join(' | ')))",
        );
        expect(violations).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        await page.close();
      }
    },
  );
});
