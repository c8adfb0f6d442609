// What is shown, in the address of the page: so that a link leads to the same picture.

import { COLORINGS, type Coloring } from "../world/world.ts";

/** Browsers refuse pages that write their address at every frame. */
const WRITE_MS = 250;

/** Reads and writes `name=moment&name-colours=line&name-at=0x…`; in the fragment for files, which have no query. */
export class AddressState {
  readonly moment: number | undefined;
  readonly coloring: Coloring | undefined;
  readonly address: number | undefined;
  private readonly name: string;
  private readonly waiting = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param name of the picture on its page; without one nothing is read or written. */
  constructor(name: string) {
    this.name = name;
    if (name === "") return;
    const given = paramsOf(new URL(location.href));
    const moment = given.get(name);
    const coloring = given.get(`${name}-colours`);
    const address = given.get(`${name}-at`);
    this.moment = moment === null || !/^\d+$/.test(moment) ? undefined : Number(moment);
    this.coloring = coloring !== null && coloring in COLORINGS ? (coloring as Coloring) : undefined;
    this.address = address === null || !/^0x[0-9a-f]+$/i.test(address) ? undefined : Number(address);
  }

  /** `part` is "" for the moment; an empty value takes it out of the address. */
  set(part: "" | "colours" | "at", value: string): void {
    if (this.name === "") return;
    this.waiting.set(part === "" ? this.name : `${this.name}-${part}`, value);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), WRITE_MS);
  }

  private write(): void {
    const url = new URL(location.href);
    const params = paramsOf(url);
    for (const [name, value] of this.waiting) {
      if (value === "") params.delete(name);
      else params.set(name, value);
    }
    this.waiting.clear();
    if (usesFragment(url)) url.hash = params.toString();
    else url.search = params.toString();
    history.replaceState(history.state, "", url);
  }
}

const usesFragment = ({ protocol }: URL): boolean => protocol === "file:";

const paramsOf = (url: URL): URLSearchParams =>
  usesFragment(url) ? new URLSearchParams(url.hash.slice(1)) : new URLSearchParams(url.search);
