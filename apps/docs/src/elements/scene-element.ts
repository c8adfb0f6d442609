// <heap-scene name="…" step="2">: a live picture. It runs the engine of its scene, and `<obm-heap>` shows each state; at first the one
// that the page's address names, or `step`.

import type { Frame } from "@obmalloc/heap-map";
import { sceneNamed } from "../scenes/scenes.ts";

export class SceneElement extends HTMLElement {
  private isBuilt = false;

  get name(): string {
    return this.getAttribute("name") ?? "";
  }

  async connectedCallback(): Promise<void> {
    if (this.isBuilt) return;
    this.isBuilt = true;
    const { title, run, coloring } = await sceneNamed(this.name);
    const frames: Frame[] = [];
    const iterator = run();
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) frames.push(next.value);
    const heap = document.createElement("obm-heap");
    heap.setAttribute("name", this.name);
    heap.data = { title, frames, ...(coloring === undefined ? {} : { coloring }) };
    const step = this.getAttribute("step");
    if (step !== null && !new URL(location.href).searchParams.has(this.name)) heap.moveTo(Number(step));
    this.replaceChildren(heap);
    this.dataset.ready = "true";
  }
}
