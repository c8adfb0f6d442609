// Play, step and jump through moments: buttons, a slider, a field for a number, a list of markers.

import { button, html } from "./dom.ts";
import type { Moments } from "./moments.ts";

/** With reduced motion a play goes on so many times more slowly, and in larger steps. */
const REDUCED_MS = 2500;
const PAGES = 20;

export class Scrubber {
  readonly element = html("div", { class: "row scrubber", role: "group", "aria-label": "Moments" });
  index = 0;
  private moments: Moments | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly onMove: (index: number) => void;
  private readonly slider = html("input", { type: "range", min: 0, value: 0, "aria-label": "moment" });
  private readonly number = html("input", { type: "number", "aria-label": "event", class: "event" });
  private readonly marks = html("select", { "aria-label": "marker" });
  private readonly counter = html("span", { class: "counter" });
  private readonly playButton = button("Play", () => this.togglePlay());

  constructor(onMove: (index: number) => void) {
    this.onMove = onMove;
    this.slider.addEventListener("input", () => this.moveTo(Number(this.slider.value)));
    this.number.addEventListener("change", () => {
      if (this.moments !== undefined) this.moveTo(this.moments.indexOf(Number(this.number.value)));
    });
    this.marks.addEventListener("change", () => {
      if (this.moments !== undefined) this.moveTo(this.moments.indexOf(Number(this.marks.value)));
    });
  }

  get last(): number {
    return Math.max(0, (this.moments?.count ?? 1) - 1);
  }

  setMoments(moments: Moments, index: number): void {
    this.stop();
    this.moments = moments;
    this.slider.max = String(this.last);
    this.number.min = String(moments.eventOf(0));
    this.number.max = String(moments.eventOf(this.last));
    const steps = [
      button("|◀", () => this.moveTo(0), "First"),
      button("◀", () => this.moveTo(this.index - 1), "Step back"),
      this.playButton,
      button("▶", () => this.moveTo(this.index + 1), "Step forward"),
      button("▶|", () => this.moveTo(this.last), "Last"),
    ];
    const isNumbered = moments.eventOf(this.last) !== this.last;
    const { marks } = moments;
    this.marks.replaceChildren(
      new Option("marker…", ""),
      ...marks.map((m) => new Option(m.label, String(m.event))),
    );
    this.element.replaceChildren(
      ...steps,
      this.slider,
      ...(isNumbered ? [this.number] : []),
      ...(marks.length > 0 ? [this.marks] : []),
      this.counter,
    );
    this.index = -1;
    this.moveTo(index);
  }

  /** Goes to a moment, at most to the first or the last. */
  moveTo(index: number): void {
    if (this.moments === undefined) return;
    const wanted = Number.isNaN(index) ? 0 : index;
    const clamped = Math.max(
      0,
      Math.min(this.last, Number.isFinite(wanted) ? Math.round(wanted) : this.last),
    );
    if (clamped === this.index) return;
    this.index = clamped;
    const text = this.moments.textOf(clamped);
    this.slider.value = String(clamped);
    this.slider.setAttribute("aria-valuetext", text);
    this.number.value = String(this.moments.eventOf(clamped));
    this.counter.textContent = text;
    this.onMove(clamped);
  }

  /** Whether the key is one that goes through moments. */
  onKey(key: string): boolean {
    const page = Math.max(1, Math.round(this.last / PAGES));
    const step = { ArrowRight: 1, ArrowLeft: -1, ".": 1, ",": -1, PageDown: page, PageUp: -page }[key];
    if (step !== undefined) this.moveTo(this.index + step);
    else if (key === "Home") this.moveTo(0);
    else if (key === "End") this.moveTo(this.last);
    else if (key === " ") this.togglePlay();
    else return false;
    return true;
  }

  togglePlay(): void {
    if (this.moments === undefined) return;
    if (this.timer !== undefined) {
      this.stop();
      return;
    }
    if (this.index === this.last) this.moveTo(0);
    const { moments, everyMs } = this.moments.play;
    const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = isReduced ? Math.max(1, Math.ceil(this.moments.count / PAGES)) : moments;
    this.playButton.textContent = "Stop";
    this.timer = setInterval(
      () => {
        this.moveTo(this.index + step);
        if (this.index === this.last) this.stop();
      },
      isReduced ? REDUCED_MS : everyMs,
    );
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.playButton.textContent = "Play";
  }
}
