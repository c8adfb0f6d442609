// Who asks for reduced motion gets it: a play goes on slowly, and nothing else moves by itself.

import type { Browser, Page } from "playwright-core";

const PAGE = "learn/what-malloc-does/";
/** A play is at least so slow where reduced motion is asked for, and faster where it is not. */
const SLOW_MS = 2000;

export async function checkMotion(browser: Browser, url: string): Promise<string[]> {
  const problems: string[] = [];
  for (const reducedMotion of ["no-preference", "reduce"] as const) {
    const context = await browser.newContext({ reducedMotion });
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(url + PAGE);
    const scene = page.locator("heap-scene[data-ready]").first();
    const step = async () => Number(await scene.locator("input[type=range]").inputValue());
    await scene.locator("canvas").press("Home");
    await page.keyboard.press("Space");
    await page.clock.runFor(SLOW_MS);
    const early = await step();
    await page.clock.runFor(SLOW_MS);
    const late = await step();
    const isSlow = early === 0 && late === 1;
    if (isSlow !== (reducedMotion === "reduce"))
      problems.push(`${reducedMotion}: step ${early} after ${SLOW_MS} ms, ${late} after twice as many`);
    if (late === 0) problems.push(`${reducedMotion}: does not play`);
    await page.keyboard.press("Space");
    await page.clock.runFor(10 * SLOW_MS);
    if ((await step()) !== late) problems.push(`${reducedMotion}: goes on after it was stopped`);
    if (reducedMotion === "reduce") problems.push(...(await moving(page)));
    await context.close();
  }
  return problems;
}

/** Animations that run without end, and smooth scrolling. */
const moving = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const running = document
      .getAnimations()
      .filter((animation) => animation.playState === "running")
      .map((animation) => `moves with reduced motion: ${animation.id || animation.constructor.name}`);
    const scrolls = getComputedStyle(document.documentElement).scrollBehavior === "smooth";
    return scrolls ? [...running, "scrolls smoothly with reduced motion"] : running;
  });
