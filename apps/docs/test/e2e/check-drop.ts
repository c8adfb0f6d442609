// The page where a recording is dropped: what it says is what the command line says of the same file.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { checkDropped } from "./check-dropped.ts";
import { checkPanes } from "./check-panes.ts";
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
      ...(await checkDropped(page, CASE)),
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
  await page.locator("trace-drop obm-heap .twin tbody tr").first().waitFor();
  const arenas = await page.locator("trace-drop obm-heap .twin table").first().locator("tbody tr").count();
  if (arenas !== said.arenas) problems.push(`${arenas} arenas are told, the command says ${said.arenas}`);
  problems.push(...(await stepAndChoose(page)));
  await page.locator("trace-drop select[aria-label='another version']").selectOption("3.13");
  await page.locator("trace-drop obm-heap canvas").nth(1).waitFor({ timeout: 180_000 });
  problems.push(...(await checkPanes(page, [/^As recorded: CPython 3\./, /by the rules of 3\.13$/])));
  return problems;
}

async function expectText(page: Page, selector: string, wanted: string): Promise<string[]> {
  const text = (await page.locator(selector).textContent()) ?? "";
  return text.includes(wanted) ? [] : [`the page says: ${text}; the command: ${wanted}`];
}

interface Block {
  readonly address: string;
  readonly sizeBytes: number;
  readonly arena: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** Every event is a moment, and the blocks of the command line are there: each with its size, its life and its stack. */
async function stepAndChoose(page: Page): Promise<string[]> {
  const problems: string[] = [];
  const heap = page.locator("trace-drop obm-heap");
  const counter = heap.locator(".counter");
  await heap.locator("canvas").focus();
  const last = await counter.textContent();
  await page.keyboard.press("ArrowLeft");
  if ((await counter.textContent()) === last) problems.push("a step back shows the same moment");
  await page.keyboard.press("ArrowRight");
  const blocks = obmalloc("blocks", CASE, "--json")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Block)
    .filter(({ arena, file }) => arena !== null && file !== null);
  for (const { address, sizeBytes, file, line } of blocks.filter((_, index) => index % 997 === 0)) {
    const isThere = await heap.evaluate(
      (element, at) => (element as HTMLElementTagNameMap["obm-heap"]).chooseAddress(at),
      Number(address),
    );
    const said = (await heap.locator(".status").textContent()) ?? "";
    const top = (await heap.locator(".stack li").first().textContent()) ?? "";
    const wanted = `${file!.split("/").at(-1)}:${line} `;
    if (!isThere || !said.startsWith(`Block at ${address}: state in use, bytes ${sizeBytes} asked for`))
      problems.push(`${address} of ${sizeBytes} bytes: the page says ${said}`);
    if (!top.startsWith(wanted)) problems.push(`${address} of ${wanted}: the page says ${top}`);
  }
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
  const said = (await page.locator(".drop-failure p").textContent()) ?? "";
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
