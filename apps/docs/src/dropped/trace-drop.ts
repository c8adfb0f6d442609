// <trace-drop>: drop a recording, and see it. It is read in a worker, and nothing leaves the page.

import { profiles } from "@obmalloc/abi";
import type { HeapElement } from "@obmalloc/heap-map";
import { button, html, table } from "../elements/dom.ts";
import type { Answer, Report, Request } from "./messages.ts";
import workerUrl from "./worker.ts?worker&url";

/** Recordings of so many events are shown event by event: 23 bytes for each block that they make. */
const WHOLE_EVENTS_MAX = 6_000_000;
const VERSIONS = [...new Set(profiles.map(({ version }) => version))];

export class TraceDrop extends HTMLElement {
  private worker: Worker | undefined;
  private workerSource: string | undefined;
  private heap: HeapElement | undefined;
  private readonly input = html("input", { type: "file", id: "trace-file", accept: ".obm" });
  private readonly zone = html("div", { class: "drop-zone" });
  private readonly note = html("p", { class: "drop-note", role: "status" });
  private listening: AbortController | undefined;
  private readonly bar = html("progress", { max: 1, value: 0, "aria-label": "Progress" });
  private readonly doing = html("span", { role: "status" });
  private readonly busy = html("div", { class: "drop-busy" });
  private readonly failure = html("div", { class: "drop-failure", role: "alert" });
  private readonly answer = html("div", { class: "drop-answer" });
  private readonly pictures = html("div", { class: "drop-pictures" });

  connectedCallback(): void {
    this.listen();
    if (this.childElementCount > 0) return;
    this.zone.append(
      html("label", { for: "trace-file" }, "Drop a recording (.obm) here, or choose one: "),
      this.input,
    );
    // So that the same file can be chosen again.
    this.input.addEventListener("click", () => {
      this.input.value = "";
    });
    this.input.addEventListener("change", () => this.openFirst(this.input.files));
    this.busy.append(
      this.bar,
      " ",
      this.doing,
      " ",
      button("Cancel", () => this.cancel()),
    );
    this.busy.hidden = true;
    this.append(this.zone, this.note, this.busy, this.failure, this.answer, this.pictures);
    this.dataset.ready = "true";
  }

  disconnectedCallback(): void {
    this.listening?.abort();
    this.stop();
  }

  /** Wherever on the page a file is dropped: a browser would show it instead of the page. */
  private listen(): void {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const mark = (isOver: boolean) => this.zone.classList.toggle("is-over", isOver);
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    addEventListener(
      "dragover",
      (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        mark(true);
      },
      { signal },
    );
    addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false), { signal });
    addEventListener(
      "drop",
      (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        mark(false);
        this.openFirst(event.dataTransfer?.files ?? null);
      },
      { signal },
    );
  }

  private openFirst(files: FileList | null): void {
    const [file] = files ?? [];
    if (file === undefined) return;
    this.open(file);
    const others = files!.length - 1;
    this.note.textContent =
      others === 0 ? "" : `Of ${files!.length} files this is the first one, ${file.name}.`;
  }

  /** Reads another recording; what was shown before goes. */
  open(file: File): void {
    this.stop();
    this.note.textContent = "";
    this.answer.replaceChildren();
    this.pictures.replaceChildren();
    this.heap = undefined;
    this.workerSource ??= URL.createObjectURL(
      // A worker made of a blob has this page's policy, which lets it ask for nothing.
      new Blob([`import ${JSON.stringify(new URL(workerUrl, location.href).href)};`], {
        type: "text/javascript",
      }),
    );
    this.worker = new Worker(this.workerSource, { type: "module" });
    this.worker.addEventListener("message", ({ data }: MessageEvent<Report>) => this.onReport(data));
    this.worker.addEventListener("error", (event) => {
      this.fail("Error", event.message || "The worker could not be started.", []);
    });
    this.ask({ kind: "open", file, eventsMax: WHOLE_EVENTS_MAX }, `Opening ${file.name}`);
  }

  /** Stops what is being done. What is shown stays; whoever wants to look closer has to open the recording again. */
  cancel(): void {
    this.stop();
    this.querySelector(".drop-tools")?.remove();
    this.doing.textContent = "";
    this.failure.replaceChildren(html("p", {}, "Cancelled."));
    this.dataset.state = "cancelled";
  }

  private stop(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.busy.hidden = true;
  }

  private ask(request: Request, doing: string): void {
    this.failure.replaceChildren();
    this.busy.hidden = false;
    this.bar.removeAttribute("value");
    this.doing.textContent = doing;
    this.dataset.state = "busy";
    this.worker?.postMessage(request);
  }

  private onReport(report: Report): void {
    if (report.kind === "progress") {
      this.bar.value = report.total === 0 ? 0 : Math.min(1, report.done / report.total);
      this.doing.textContent = `${report.doing}: ${percent(report.done, report.total)} of ${report.total.toLocaleString("en")} events`;
    } else if (report.kind === "failed") this.fail(report.name, report.message, report.details);
    else if (report.kind === "answer") this.showAnswer(report.answer);
    else {
      this.busy.hidden = true;
      this.showTapes(report);
      this.dataset.state = "done";
    }
  }

  private fail(name: string, message: string, details: readonly string[]): void {
    this.busy.hidden = true;
    this.failure.replaceChildren(
      html("p", {}, html("strong", {}, `${name}: `), message),
      ...(details.length === 0 ? [] : [html("ul", {}, ...details.map((line) => html("li", {}, line)))]),
    );
    this.dataset.state = "failed";
  }

  private showAnswer(answer: Answer): void {
    const { verdict, program, moment, pins, lines, facts, shortcomings } = answer;
    const waterfall = document.createElement("obm-waterfall");
    const timeline = document.createElement("obm-timeline");
    const rows = lines.map((row) => [row.heldAlone, row.shared, row.live, row.blocks, row.line]);
    this.answer.replaceChildren(
      html("p", { class: "drop-program" }, `${program}, at ${moment}`),
      html("p", { class: "drop-verdict" }, html("strong", {}, `${verdict}.`)),
      html("p", { class: "drop-pins" }, pins),
      waterfall,
      timeline,
      table("Lines by what they hold", ["held alone", "shared", "live", "blocks", "line"], rows),
      html(
        "dl",
        { class: "drop-facts" },
        ...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]),
      ),
      ...(shortcomings.length === 0
        ? []
        : [
            html("p", {}, "What this cannot tell:"),
            html("ul", {}, ...shortcomings.map((text) => html("li", {}, text))),
          ]),
    );
    waterfall.data = answer.waterfall;
    timeline.data = answer.timeline;
    timeline.addEventListener("obm-moment", ((event: CustomEvent<number>) => {
      const point = answer.timeline.points[event.detail];
      if (point !== undefined) this.heap?.moveToEvent(point.event);
    }) as EventListener);
  }

  private showTapes({ tapes, isWhole }: Report & { kind: "tapes" }): void {
    if (tapes.length === 0) {
      this.pictures.replaceChildren(html("p", {}, "There are no arenas to draw."));
      return;
    }
    const heap = document.createElement("obm-heap");
    heap.setAttribute("name", "heap");
    this.heap = heap;
    const closer = button("Every event around this moment", () =>
      this.ask({ kind: "closer", event: heap.event }, "Looking closer"),
    );
    const versions = html("select", { "aria-label": "another version" });
    versions.append(
      new Option("another version…", ""),
      ...VERSIONS.map((version) => new Option(version, version)),
    );
    versions.addEventListener("change", () => {
      if (versions.value !== "") this.ask({ kind: "compare", version: versions.value }, "Replaying");
    });
    const label = html("label", {}, "Beside it the same requests by the rules of ", versions);
    const tools = html("div", { class: "scene-controls drop-tools" }, ...(isWhole ? [label] : [closer]));
    this.pictures.replaceChildren(heap, tools);
    heap.data = { title: "The heap, from the process down to its blocks", panes: tapes };
  }
}

const percent = (done: number, total: number): string =>
  `${total === 0 ? 0 : Math.floor((100 * Math.min(done, total)) / total)} %`;
