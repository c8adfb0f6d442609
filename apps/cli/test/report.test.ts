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
    expect(page).toMatch(/resident set<\/dt><dd>read [\d,]+ times/);
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
    await page.locator("obm-heap[data-ready]").waitFor();
    return { page, problems };
  }

  it("opens without a complaint, and its pictures say the same as text", async () => {
    const { page, problems } = await open();
    await page.locator("obm-heap summary").click();
    const rows = (name: string) => page.locator(`${name} tbody tr`).count();
    expect(await rows("obm-waterfall")).toBe(14);
    expect(await rows("obm-timeline")).toBeGreaterThan(30);
    const arenas = page.locator("obm-heap tbody tr");
    expect(await arenas.count()).toBe(21);
    expect(await arenas.filter({ hasText: "pinned.py:31 work" }).count()).toBeGreaterThan(3);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is moved through by keys, keeps moment, colours and choice in its address, and finds them again", async () => {
    const { page, problems } = await open();
    const shown = () => page.locator("obm-heap .counter").textContent();
    const last = await shown();
    await page.locator("obm-heap canvas").focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press(",");
    const earlier = await shown();
    expect(earlier).not.toBe(last);
    await page.locator("obm-heap .tools select").selectOption("line");
    await page.locator("obm-heap canvas").focus();
    for (const key of ["ArrowDown", "Enter", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
    const chosen = await page.locator("obm-heap .status").textContent();
    expect(chosen).toMatch(/ at 0x[0-9a-f]+: /);
    await page.waitForFunction(() => /heap=\d+&heap-colours=line&heap-at=0x/.test(location.hash));
    await page.reload();
    await page.locator("obm-heap[data-ready]").waitFor();
    expect(await shown()).toBe(earlier);
    expect(await page.locator("obm-heap .tools select").inputValue()).toBe("line");
    expect(await page.locator("obm-heap .status").textContent()).toBe(chosen);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("moves the timeline and the heap together", async () => {
    const { page } = await open();
    const moment = () => page.locator("obm-heap .counter").textContent();
    const last = await moment();
    await page.locator("obm-timeline canvas").focus();
    await page.keyboard.press("Home");
    expect(await moment()).not.toBe(last);
    await page.close();
  });

  it("shows each line that pins, and what it holds, on a narrow page without scrolling sideways", async () => {
    const { page } = await open({ viewport: { width: 360, height: 800 } });
    const rows = page.getByRole("region", { name: "Lines by what they hold" }).getByRole("row");
    const first = rows.nth(1); // after the headings
    const where = (await first.locator("td.where").boundingBox())!;
    const held = (await first.locator("td").first().boundingBox())!;
    expect(await first.locator("td.where").textContent()).toContain("pinned.py:31 work");
    for (const { x, width } of [where, held]) expect(x >= 0 && x + width <= 360).toBe(true);
    expect(where.y).toBeLessThan(held.y);
    const heading = await first
      .locator("td")
      .first()
      .evaluate((cell) => getComputedStyle(cell, "::before").content);
    expect(heading).toContain("held alone");
    for (const region of await page.locator(".scroll").all())
      expect(await region.evaluate((one) => one.scrollWidth - one.clientWidth)).toBeLessThanOrEqual(0);
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
