// Two panes on one trace: one scrubber moves both, and each is drawn as its table says.

import type { Page } from "playwright-core";

/** Shares of the run that are looked at. */
const MOMENTS = [0, 0.1, 0.35, 0.6, 0.85, 1];

/** @param titles what the panes are called; the page shows a recording beside another version. */
export async function checkPanes(page: Page, titles: readonly RegExp[]): Promise<string[]> {
  const problems: string[] = [];
  const heap = page.locator("trace-drop obm-heap");
  const shown = await heap.locator(".pane-title").allTextContents();
  if (shown.length !== titles.length || !titles.every((title, index) => title.test(shown[index]!)))
    problems.push(`the panes are called ${shown.join(" and ")}`);
  if (!(await heap.locator("details.twin").evaluate((twin: HTMLDetailsElement) => twin.open)))
    await heap.locator("summary").press("Enter");
  const slider = heap.locator("input[type=range]");
  const last = Number(await slider.getAttribute("max"));
  const pictures = new Set<string>();
  for (const share of MOMENTS) {
    await slider.fill(String(Math.round(last * share)));
    const { wrong, told } = await comparePanes(page);
    problems.push(...wrong.map((problem) => `two panes, at ${share} of the run: ${problem}`));
    pictures.add(told);
  }
  if (pictures.size < MOMENTS.length - 1) problems.push("two panes: scrubbing changes nothing");
  return problems;
}

/** Arenas in the table of a pane are drawn on its canvas, and there are as many as it says. */
const comparePanes = (page: Page): Promise<{ wrong: string[]; told: string }> =>
  page.evaluate(async () => {
    const heap = document.querySelector("trace-drop obm-heap") as HTMLElementTagNameMap["obm-heap"];
    const root = heap.shadowRoot!;
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    do await frame();
    while (root.querySelector("[aria-busy]") !== null);
    await frame();
    const canvases = [...root.querySelectorAll<HTMLCanvasElement>("canvas.pane")];
    const tables = [...root.querySelectorAll(".twin table")];
    const wrong: string[] = tables.length === canvases.length ? [] : [`${tables.length} tables`];
    for (const [pane, canvas] of canvases.entries()) {
      const context = canvas.getContext("2d")!;
      const ratio = canvas.width / canvas.clientWidth;
      const surface = context.getImageData(0, 0, 1, 1).data.join();
      const rows = [...(tables[pane]?.querySelectorAll("tbody tr") ?? [])].map((row) =>
        [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? ""),
      );
      for (const [address = "", used = "0", free = "0"] of rows) {
        if (!address.startsWith("0x")) continue;
        const place = heap.placeOf(Number(address) + (1 << 14), pane);
        if (place === undefined) {
          wrong.push(`pane ${pane}: ${address} is told and not drawn`);
          continue;
        }
        const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
        const drawn = context.getImageData(x * ratio, y * ratio, 1, 1).data.join();
        if (drawn === surface && Number(used) + Number(free) > 0)
          wrong.push(`pane ${pane}: nothing is drawn at ${address}`);
      }
    }
    return { wrong, told: tables.map((table) => table.textContent).join("|") };
  });
