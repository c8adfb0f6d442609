// What is live on a page: each picture stepped by keyboard and compared with its text twin, each question asked, each
// button pressed.

import type { Browser, Locator, Page } from "playwright-core";
import { LOOKS, openPage } from "./watched-page.ts";

/** Whether there is anything live in the source of a page: most pages of the reference are text. */
export const isLive = (html: string): boolean =>
  /<(?:heap-scene|engine-question|engine-run|fact-table)[\s>]/.test(html);

export async function checkLive(browser: Browser, url: string, path: string): Promise<string[]> {
  const { page, complaints } = await openPage(browser, url, path, LOOKS[0]!);
  const problems: string[] = [];
  for (const scene of await page.locator("heap-scene").all())
    problems.push(...(await checkScene(page, scene)));
  for (const question of await page.locator("engine-question").all())
    problems.push(...(await askQuestion(question)));
  for (const experiment of await page.locator("engine-run").all())
    problems.push(...(await pressAll(experiment)));
  for (const table of await page.locator("fact-table").all()) problems.push(...(await searchFacts(table)));
  await page.context().close();
  return [...complaints, ...problems];
}

async function checkScene(page: Page, scene: Locator): Promise<string[]> {
  const name = (await scene.getAttribute("name")) ?? "";
  const problems: string[] = [];
  await scene.locator("summary").press("Enter");
  const canvas = scene.locator("canvas");
  await canvas.focus();
  await page.keyboard.press("End");
  const last = Number(await scene.locator("input[type=range]").inputValue());
  await page.keyboard.press("Home");
  if (last < 1) problems.push(`${name}: has one step only`);
  for (let step = 0; step <= last; step++) {
    problems.push(...(await compareWithTwin(scene, `${name}, step ${step}`)));
    if (step < last) await page.keyboard.press("ArrowRight");
  }
  await page
    .waitForFunction(
      ([key, value]) => new URL(location.href).searchParams.get(key!) === value,
      [name, String(last)],
    )
    .catch(() => problems.push(`${name}: the address of the page does not say the step`));
  await page.keyboard.press("ArrowDown");
  const chosen = (await scene.locator(".status").textContent()) ?? "";
  if (!/: /.test(chosen)) problems.push(`${name}: nothing is said of what was chosen by key: ${chosen}`);
  return problems;
}

/** Every row of the tables that has an address is drawn at its place, in the colour that the legend gives its state. */
async function compareWithTwin(scene: Locator, where: string): Promise<string[]> {
  const problems = await scene.evaluate(async (element) => {
    const heap = element.querySelector("obm-heap")!;
    const root = heap.shadowRoot!;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const canvas = root.querySelector("canvas")!;
    const ratio = canvas.width / canvas.clientWidth;
    const colors = new Map(
      [...root.querySelectorAll(".legend > *")].map((entry) => [
        entry.textContent ?? "",
        getComputedStyle(entry.querySelector("i")!).backgroundColor,
      ]),
    );
    const rows = [...root.querySelectorAll(".twin tbody tr")].map((row) =>
      [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? ""),
    );
    const found: string[] = rows.length === 0 && colors.size > 0 ? ["nothing is told"] : [];
    for (const [address, , state] of rows) {
      if (!/^0x/.test(address ?? "")) continue;
      const place = heap.placeOf(Number(address));
      if (place === undefined) {
        found.push(`told, not drawn: ${address}`);
        continue;
      }
      const expected = colors.get(state ?? "");
      const isInside = place.x >= 0 && place.x + place.width <= canvas.clientWidth && place.width >= 3;
      if (expected === undefined || !isInside) continue;
      // Beside its text; of two points one is under a link at most.
      const drawnAt = (share: number) => {
        const [x, y] = [place.x + place.width * share, place.y + Math.min(3, place.height / 2)];
        const [r, g, b] = canvas.getContext("2d")!.getImageData(x * ratio, y * ratio, 1, 1).data;
        return `rgb(${r}, ${g}, ${b})`;
      };
      const drawn = [drawnAt(0.85), drawnAt(0.7)];
      if (!drawn.includes(expected))
        found.push(`${address}, ${state}: drawn ${drawn.join(" and ")}, legend ${expected}`);
    }
    return found;
  });
  return problems.slice(0, 3).map((problem) => `${where}: ${problem}`);
}

async function askQuestion(question: Locator): Promise<string[]> {
  const name = await question.getAttribute("name");
  await question.locator("input[type=radio]").first().press("Space");
  await question.locator("button").press("Enter");
  const outcome = (await question.locator(".question-outcome").textContent()) ?? "";
  return /predicted/.test(outcome) ? [] : [`${name}: no outcome: ${outcome}`];
}

async function pressAll(experiment: Locator): Promise<string[]> {
  const problems: string[] = [];
  for (const button of await experiment.locator("button").all()) {
    await button.press("Enter");
    const said = (await experiment.locator("pre").textContent()) ?? "";
    if (said.startsWith("Nothing has happened"))
      problems.push(`${await button.textContent()}: nothing came of it`);
  }
  return problems;
}

/** The table of facts cut down by typing, and sorted, by keyboard. */
async function searchFacts(table: Locator): Promise<string[]> {
  const problems: string[] = [];
  const rows = table.locator("tbody tr:visible");
  const before = await rows.count();
  await table.locator("input[type=search]").fill("bytes");
  const after = await rows.count();
  await table.locator("input[type=search]").fill("no such fact");
  if (before === 0 || after > before || (await rows.count()) !== 0)
    problems.push("fact-table: finds nothing");
  await table.locator("input[type=search]").fill("");
  await table.locator("input[type=checkbox]").press("Space");
  if ((await rows.count()) >= before) problems.push("fact-table: all rows differ");
  await table.locator("thead button").first().press("Enter");
  const names = await rows.locator("th").allTextContents();
  const sorted = [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (names.join() !== sorted.join()) problems.push("fact-table: does not sort");
  return problems;
}
