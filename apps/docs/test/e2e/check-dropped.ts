// Files that are really dropped: by the event, on any place of the page, several at once, one after the other, and cancelled.

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

interface Dropped {
  readonly name: string;
  readonly bytes: Buffer;
}

const TEXT = Buffer.from("no recording at all\n".repeat(40));
const PNG = Buffer.from("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489", "hex");
const LONG_MS = 2_000;

/** The events of a drag that ends over `selector`. */
async function dropOn(page: Page, selector: string, files: readonly Dropped[]): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    (all) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of all) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
      }
      return transfer;
    },
    files.map(({ name, bytes }) => ({ name, base64: bytes.toString("base64") })),
  );
  for (const type of ["dragenter", "dragover", "drop"])
    await page.dispatchEvent(selector, type, { dataTransfer });
}

const stateOf = (page: Page) => page.locator("trace-drop").getAttribute("data-state");

/** The state in which the page comes to rest. */
async function outcome(page: Page): Promise<string | null> {
  await page.locator("trace-drop:not([data-state=busy])").waitFor({ timeout: 180_000 });
  return stateOf(page);
}

/** @param whole the path of a recording that takes some time. */
export async function checkDropped(page: Page, whole: string): Promise<string[]> {
  const recording = { name: "whole.obm", bytes: readFileSync(whole) };
  return [
    ...(await dropAnywhere(page, recording)),
    ...(await dropStrange(page)),
    ...(await dropSeveral(page, recording)),
    ...(await dropInTheMiddle(page, recording)),
    ...(await cancel(page, recording)),
  ];
}

async function dropAnywhere(page: Page, recording: Dropped): Promise<string[]> {
  const problems: string[] = [];
  for (const selector of [".drop-zone", "h1"]) {
    await dropOn(page, selector, [recording]);
    if ((await outcome(page)) !== "done") problems.push(`dropped on ${selector}: not shown`);
    if ((await page.locator(".drop-program").count()) !== 1)
      problems.push(`dropped on ${selector}: no answer`);
  }
  return problems;
}

async function dropStrange(page: Page): Promise<string[]> {
  const problems: string[] = [];
  const strange = {
    "empty.obm": [Buffer.alloc(0), "The file is empty"],
    "picture.png": [PNG, "not an obmalloc trace"],
    "data.json": [Buffer.from("{}"), "not an obmalloc trace"],
  } as const;
  for (const [name, [bytes, wanted]] of Object.entries(strange)) {
    await dropOn(page, ".drop-zone", [{ name, bytes }]);
    const state = await outcome(page);
    const said = (await page.locator(".drop-failure").textContent()) ?? "";
    if (state !== "failed" || !said.includes(wanted)) problems.push(`${name}: ${state}, ${said}`);
    if ((await page.locator(".drop-answer > *").count()) > 0) problems.push(`${name}: an answer is left`);
  }
  return problems;
}

async function dropSeveral(page: Page, recording: Dropped): Promise<string[]> {
  await dropOn(page, ".drop-zone", [recording, { name: "other.obm", bytes: TEXT }]);
  const state = await outcome(page);
  const said = (await page.locator(".drop-note").textContent()) ?? "";
  return state === "done" && said.includes("Of 2 files") ? [] : [`several files: ${state}, ${said}`];
}

/** A file that comes while another one is read takes its place, and nothing of the other one comes afterwards. */
async function dropInTheMiddle(page: Page, recording: Dropped): Promise<string[]> {
  const problems: string[] = [];
  await dropOn(page, ".drop-zone", [recording]);
  if ((await stateOf(page)) !== "busy")
    problems.push("a recording is read in no time: nothing can be tested here");
  await dropOn(page, ".drop-zone", [{ name: "text.obm", bytes: TEXT }]);
  if ((await outcome(page)) !== "failed") problems.push("the second file is not the one that is read");
  await page.waitForTimeout(LONG_MS);
  if ((await stateOf(page)) !== "failed" || (await page.locator(".drop-answer > *").count()) > 0)
    problems.push("the first file's answer came after the second file's");
  await dropOn(page, ".drop-zone", [{ name: "text.obm", bytes: TEXT }]);
  await dropOn(page, ".drop-zone", [recording]);
  if ((await outcome(page)) !== "done") problems.push("the second file is not shown");
  if ((await page.locator(".drop-failure > *").count()) > 0)
    problems.push("the first file's failure is left");
  return problems;
}

async function cancel(page: Page, recording: Dropped): Promise<string[]> {
  const problems: string[] = [];
  const button = page.locator(".drop-busy button");
  await dropOn(page, ".drop-zone", [recording]);
  await button.press("Enter");
  if ((await stateOf(page)) !== "cancelled") problems.push(`after Cancel: ${await stateOf(page)}`);
  await page.waitForTimeout(LONG_MS);
  if ((await page.locator(".drop-answer > *, .drop-pictures > *").count()) > 0)
    problems.push("after Cancel an answer comes all the same");
  if (await button.isVisible()) problems.push("after Cancel there is still something to cancel");
  await dropOn(page, ".drop-zone", [recording]);
  if ((await outcome(page)) !== "done") problems.push("after Cancel no other file is read");
  await page.locator("trace-drop select[aria-label='another version']").selectOption("3.9");
  await button.press("Enter");
  if ((await page.locator(".drop-tools").count()) > 0)
    problems.push("after Cancel of a comparison another can be asked for, of nobody");
  if ((await page.locator(".drop-answer > *").count()) === 0)
    problems.push("Cancel of a comparison takes the answer");
  return problems;
}
