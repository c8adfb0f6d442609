// What is live on a page: each picture stepped by keyboard and compared with its text twin, each question asked, each
// button pressed.

import type { Browser, Locator, Page } from "playwright-core";
import { LOOKS, openPage } from "./watched-page.ts";

export async function checkLive(browser: Browser, url: string, path: string): Promise<string[]> {
  const { page, complaints } = await openPage(browser, url, path, LOOKS[0]!);
  const problems: string[] = [];
  for (const scene of await page.locator("heap-scene").all())
    problems.push(...(await checkScene(page, scene)));
  for (const question of await page.locator("engine-question").all())
    problems.push(...(await askQuestion(question)));
  for (const experiment of await page.locator("engine-run").all())
    problems.push(...(await pressAll(experiment)));
  await page.context().close();
  return [...complaints, ...problems];
}

async function checkScene(page: Page, scene: Locator): Promise<string[]> {
  const name = (await scene.getAttribute("name")) ?? "";
  const problems: string[] = [];
  const stage = scene.locator(".scene-stage");
  await stage.focus();
  await page.keyboard.press("End");
  const last = Number(await scene.locator("input[type=range]").inputValue());
  await page.keyboard.press("Home");
  if (last < 1) problems.push(`${name}: has one step only`);
  for (let step = 0; step <= last; step++) {
    problems.push(...(await compareWithTwin(scene, `${name}, step ${step}`)));
    if (step < last) await page.keyboard.press("ArrowRight");
  }
  if (new URL(page.url()).searchParams.get(name) !== String(last)) {
    problems.push(`${name}: the address of the page does not say the step`);
  }
  await page.keyboard.press("ArrowDown");
  const hasCells = (await scene.locator(".scene-cell").count()) > 0;
  const detail = (await scene.locator(".scene-detail").textContent()) ?? "";
  if (hasCells && !/0x[0-9a-f]+/.test(detail)) problems.push(`${name}: no detail of a cell chosen by key`);
  return problems;
}

/** Everything drawn stands in the table, and nothing else does. */
async function compareWithTwin(scene: Locator, where: string): Promise<string[]> {
  const { drawn, told } = await scene.evaluate((element) => {
    const titles = [...element.querySelectorAll(".scene-cell > title")].map(
      (title) => title.textContent ?? "",
    );
    const nodes = [...element.querySelectorAll(".scene-node .scene-label")].map(
      (label) => label.textContent ?? "",
    );
    const rows = [...element.querySelectorAll(".scene-twin tbody tr")].map((row) =>
      [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? ""),
    );
    const isGraph = nodes.length > 0;
    return {
      drawn: isGraph ? nodes : [...new Set(titles)],
      told: rows.map((row) => (isGraph ? row[0]! : `${row[3]}: ${row[0]}, ${row[1]} bytes`)),
    };
  });
  const missing = drawn.filter((one) => !told.includes(one));
  const extra = told.filter((one) => !drawn.includes(one));
  return [
    ...missing.map((one) => `${where}: drawn, not told: ${one}`),
    ...extra.map((one) => `${where}: told, not drawn: ${one}`),
  ].slice(0, 3);
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
