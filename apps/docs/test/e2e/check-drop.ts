// The page where a recording is dropped: what it says is what the command line says of the same file.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { LOOKS, openPage } from "./watched-page.ts";

export const DROP_PAGE = "python/drop-your-trace/";
const CASE = fileURLToPath(new URL("../../../cli/cases/pinned.obm", import.meta.url));
const COMMAND = fileURLToPath(new URL("../../../cli/bin/obmalloc.js", import.meta.url));
const OUTCOME = "trace-drop:is([data-state=done], [data-state=failed])";

/** What the command line prints about a file. */
function obmalloc(...args: string[]): string {
  try {
    return execFileSync(process.execPath, [COMMAND, ...args], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

async function drop(page: Page, file: string): Promise<string> {
  await page.locator("#trace-file").setInputFiles(file);
  await page.locator(OUTCOME).waitFor({ timeout: 180_000 });
  return (await page.locator("trace-drop").getAttribute("data-state")) ?? "";
}

export async function checkDrop(browser: Browser, url: string): Promise<string[]> {
  const { page, complaints } = await openPage(browser, url, DROP_PAGE, LOOKS[0]!);
  const folder = mkdtempSync(join(tmpdir(), "obmalloc-drop-"));
  try {
    return [
      ...(await dropWhole(page)),
      ...(await dropCut(page, folder)),
      ...(await dropForeign(page, folder)),
      ...complaints,
      ...(await requestsOf(page)),
    ];
  } finally {
    rmSync(folder, { recursive: true });
    await page.context().close();
  }
}

async function dropWhole(page: Page): Promise<string[]> {
  const problems: string[] = [];
  if ((await drop(page, CASE)) !== "done") problems.push("a whole recording is not shown");
  const said = JSON.parse(obmalloc("explain", CASE, "--json")) as {
    verdict: { headline: string };
    arenas: number;
  };
  problems.push(...(await expectText(page, ".drop-verdict", said.verdict.headline)));
  const [pinned] = obmalloc("pins", CASE).split("\n");
  problems.push(...(await expectText(page, ".drop-pins", pinned!)));
  await page.locator("trace-drop obm-heap summary").press("Enter");
  const arenas = await page.locator("trace-drop obm-heap .twin table").first().locator("tbody tr").count();
  if (arenas !== said.arenas) problems.push(`${arenas} arenas are told, the command says ${said.arenas}`);
  problems.push(...(await stepAndChoose(page)));
  await page.locator("trace-drop select[aria-label='another version']").selectOption("3.13");
  await page.locator("trace-drop[data-state=busy]").waitFor();
  await page.locator(OUTCOME).waitFor({ timeout: 180_000 });
  const panes = await page.locator("trace-drop obm-heap canvas").count();
  if (panes !== 2) problems.push(`${panes} panes beside each other, not 2`);
  return problems;
}

async function expectText(page: Page, selector: string, wanted: string): Promise<string[]> {
  const text = (await page.locator(selector).textContent()) ?? "";
  return text.includes(wanted) ? [] : [`the page says: ${text}; the command: ${wanted}`];
}

/** Every event is a moment; a block can be chosen by keys and tells its life and its stack. */
async function stepAndChoose(page: Page): Promise<string[]> {
  const problems: string[] = [];
  const canvas = page.locator("trace-drop obm-heap canvas");
  const counter = page.locator("trace-drop obm-heap .counter");
  await canvas.focus();
  const last = await counter.textContent();
  await page.keyboard.press("ArrowLeft");
  if ((await counter.textContent()) === last) problems.push("a step back shows the same moment");
  for (const key of ["ArrowDown", "Enter", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
  const chosen = (await page.locator("trace-drop obm-heap .status").textContent()) ?? "";
  if (!/^Block at 0x[0-9a-f]+: .*born event/.test(chosen)) problems.push(`no block was chosen: ${chosen}`);
  if ((await page.locator("trace-drop obm-heap .stack li").count()) === 0)
    problems.push("a block has no stack");
  return problems;
}

async function dropCut(page: Page, folder: string): Promise<string[]> {
  const file = join(folder, "cut.obm");
  const bytes = readFileSync(CASE);
  writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
  if ((await drop(page, file)) !== "done") return ["a cut recording is not shown as far as it goes"];
  const { verdict } = JSON.parse(obmalloc("explain", file, "--json")) as { verdict: { headline: string } };
  const isSaid = await page.locator("trace-drop").getByText("The file is not whole").count();
  return [
    ...(await expectText(page, ".drop-verdict", verdict.headline)),
    ...(isSaid === 0 ? ["the page does not say that the file is cut"] : []),
  ];
}

async function dropForeign(page: Page, folder: string): Promise<string[]> {
  const file = join(folder, "foreign.obm");
  writeFileSync(file, "This is no recording, but a text that somebody gave the name of one.\n".repeat(9));
  if ((await drop(page, file)) !== "failed") return ["a foreign file is taken for a recording"];
  const said = (await page.locator(".drop-failure").textContent()) ?? "";
  const [, message] = /^\w+: (.*)$/.exec(said) ?? [];
  const isSame = message !== undefined && obmalloc("explain", file).includes(message);
  return isSame && said.startsWith("NotATraceError") ? [] : [`of a foreign file the page says: ${said}`];
}

/** The policy is there, and works: not even the page itself can ask for anything. */
async function requestsOf(page: Page): Promise<string[]> {
  const outcome = await page.evaluate(() =>
    fetch(location.href)
      .then(() => "sent")
      .catch(() => "refused"),
  );
  return outcome === "refused" ? [] : ["the page can make requests"];
}
