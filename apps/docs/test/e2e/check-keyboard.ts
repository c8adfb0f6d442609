// The site by keyboard alone: every control is reached by Tab in the order of the page and is seen to be, pictures are stepped,
// the menu and the search open and close.

import type { Browser, Page } from "playwright-core";
import { LOOKS, openPage, takeOn } from "./watched-page.ts";

/** One page of each kind. */
const PAGES = ["", "learn/pools-and-arenas/", "learn/reading-debugmallocstats/", "python/drop-your-trace/"];
const NARROW = { width: 360, scheme: "light" } as const;

export async function checkKeyboard(browser: Browser, url: string): Promise<string[]> {
  const problems: string[] = [];
  for (const path of PAGES) {
    const { page, complaints } = await openPage(browser, url, path, LOOKS[0]!);
    problems.push(...(await walk(page)).map((problem) => `/${path}: ${problem}`), ...complaints);
    await page.context().close();
  }
  return [...problems, ...(await openSearch(browser, url)), ...(await openMenu(browser, url))];
}

/** In the page: marks everything that Tab should reach, in order; shadow roots included. */
const MARK = `(() => {
  const wanted = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const found = [];
  const visit = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(wanted) && !element.disabled && element.checkVisibility({ visibilityProperty: true })) found.push(element);
      if (element.shadowRoot) visit(element.shadowRoot);
    }
  };
  visit(document);
  // Of radio buttons of one name Tab reaches one.
  const radios = new Set();
  globalThis.wantedStops = found.filter((element) => {
    if (element.type !== "radio") return true;
    const isFirst = !radios.has(element.name);
    radios.add(element.name);
    return isFirst;
  });
  return globalThis.wantedStops.length;
})()`;

/** In the page: which of them has the focus, what it is, and whether one sees it. */
const WHERE = `(() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  const style = getComputedStyle(element);
  const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
  const index = globalThis.wantedStops.indexOf(element);
  return { index, isCanvas: element.tagName === "CANVAS", isToggle: element.hasAttribute("aria-pressed"), isSeen, html: element.outerHTML.slice(0, 120) };
})()`;

interface Where {
  readonly index: number;
  readonly isCanvas: boolean;
  readonly isToggle: boolean;
  readonly isSeen: boolean;
  readonly html: string;
}

async function walk(page: Page): Promise<string[]> {
  const problems: string[] = [];
  let count = (await page.evaluate(MARK)) as number;
  let last = -1;
  for (let press = 0; press < count + 20 && last < count - 1; press++) {
    await page.keyboard.press("Tab");
    const { index, isCanvas, isToggle, isSeen, html } = (await page.evaluate(WHERE)) as Where;
    if (index < 0) continue;
    if (index <= last) {
      problems.push(`goes back to: ${html}`);
      break;
    }
    for (let missed = last + 1; missed < index; missed++)
      problems.push(`not reached by Tab: ${await stopText(page, missed)}`);
    if (!isSeen) problems.push(`has the focus, and nothing shows it: ${html}`);
    if (isToggle) problems.push(...(await toggleByKey(page, index)));
    last = index;
    if (!isCanvas) continue;
    problems.push(...(await stepByKey(page)));
    // Another step may have other lines in its legend.
    count = (await page.evaluate(MARK)) as number;
    last = ((await page.evaluate(WHERE)) as Where).index;
  }
  if (last < count - 1)
    problems.push(`Tab ends at ${last + 1} of ${count}: ${await stopText(page, last + 1)}`);
  return problems.slice(0, 8);
}

const stopText = (page: Page, index: number): Promise<string> =>
  page.evaluate(
    (at) =>
      (globalThis as unknown as { wantedStops: Element[] }).wantedStops[at]?.outerHTML.slice(0, 120) ?? "",
    index,
  );

/** The picture that has the focus goes to its end, and back by one. */
async function stepByKey(page: Page): Promise<string[]> {
  const counter = () =>
    page.evaluate(() => {
      const roots = [...document.querySelectorAll("obm-heap")].map((heap) => heap.shadowRoot!);
      return roots.find((root) => root.activeElement !== null)?.querySelector(".counter")?.textContent ?? "";
    });
  await page.keyboard.press("End");
  const last = await counter();
  await page.keyboard.press("ArrowLeft");
  return last !== "" && (await counter()) === last ? [`a picture does not step by key: ${last}`] : [];
}

/** A line of a legend, singled out by key, keeps the focus. */
async function toggleByKey(page: Page, index: number): Promise<string[]> {
  const problems: string[] = [];
  for (const pressed of ["true", "false"]) {
    await page.keyboard.press("Enter");
    const isSo = await page
      .waitForFunction(
        ([at, wanted]) => {
          const stops = (globalThis as unknown as { wantedStops: Element[] }).wantedStops;
          const root = stops[Number(at)]!.getRootNode() as ShadowRoot;
          return root.activeElement === stops[Number(at)] && root.activeElement?.ariaPressed === wanted;
        },
        [String(index), pressed],
        { timeout: 10_000 },
      )
      .catch(() => undefined);
    if (isSo === undefined) problems.push(`a legend's line loses the focus, or is not ${pressed}`);
  }
  return problems;
}

async function openSearch(browser: Browser, url: string): Promise<string[]> {
  const { page, complaints } = await openPage(browser, url, "", LOOKS[0]!);
  const problems: string[] = [];
  await openField(page);
  await page.keyboard.type("arena");
  await page.locator("site-search .pagefind-ui__result-link").first().waitFor();
  await page.keyboard.press("Escape");
  await page.locator("site-search dialog").waitFor({ state: "hidden" });
  await openField(page);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("debugmallocstats");
  const result = page
    .locator("site-search .pagefind-ui__result-link", { hasText: /debugmallocstats/i })
    .first();
  await result.waitFor();
  for (let press = 0; press < 4 && !(await isInResults(page)); press++) await page.keyboard.press("Tab");
  if (await isInResults(page)) {
    await Promise.all([page.waitForURL((to) => to.pathname !== "/"), page.keyboard.press("Enter")]);
  } else problems.push("search: the results are not reached by Tab");
  await page.context().close();
  return [...problems, ...complaints.filter(isOfPage)];
}

/** Opens the search; its field has the focus, or is reached by Tab where it came after the dialog. */
async function openField(page: Page): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.locator("site-search input[type=text]").waitFor();
  const field = page.locator("site-search input[type=text]:focus");
  for (let press = 0; press < 3 && (await field.count()) === 0; press++) await page.keyboard.press("Tab");
  await field.waitFor();
}

/** What a page that was left had asked for does not arrive. */
const isOfPage = (complaint: string): boolean => !complaint.startsWith("failed:");

const isInResults = (page: Page) =>
  page.evaluate(() => document.activeElement?.matches(".pagefind-ui__result-link") === true);

async function openMenu(browser: Browser, url: string): Promise<string[]> {
  const { page, complaints } = await openPage(browser, url, "", LOOKS[0]!);
  const problems: string[] = [];
  await page.goto(`${url}learn/raw-heap/`);
  await takeOn(page, NARROW);
  const button = page.locator("button.sl-menu-button");
  const link = page.locator("nav.sidebar a[href='/learn/pools-and-arenas/']");
  if (await link.isVisible()) problems.push("menu: open before it was asked for");
  await button.focus();
  await page.keyboard.press("Enter");
  await link.waitFor();
  await page.keyboard.press("Escape");
  await link.waitFor({ state: "hidden" });
  await page.keyboard.press("Enter");
  await link.focus();
  await Promise.all([page.waitForURL("**/learn/pools-and-arenas/"), page.keyboard.press("Enter")]);
  await page.context().close();
  return [...problems, ...complaints.filter(isOfPage)];
}
