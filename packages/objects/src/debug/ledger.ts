// Debug mode: every change of a reference count is checked, and each object remembers what was done with it.

import { formatAddress, MemoryError } from "@obmalloc/abi";
import { Counts } from "../core/counts.ts";
import type { ObjectIndex } from "../core/object-index.ts";

/** One thing that happened to an object. */
export interface HistoryEntry {
  readonly what: "made" | "incref" | "decref" | "freed";
  /** The count afterwards. */
  readonly refcount: number;
  /** What was running, as JavaScript's stack shows it, without the frames of this package. */
  readonly where: string;
}

/** A mistake with reference counts: names the object and what happened to it. */
export class RefcountError extends MemoryError {
  override readonly name: string = "RefcountError";
  readonly kind: "use-after-free" | "negative-count" | "leak";
  readonly history: readonly HistoryEntry[];

  constructor(
    kind: RefcountError["kind"],
    message: string,
    address: number,
    history: readonly HistoryEntry[],
  ) {
    super(message, address, {
      details: history.map(
        ({ what, refcount, where }) => `${what}, count ${refcount}${where && ` at ${where}`}`,
      ),
    });
    this.kind = kind;
    this.history = history;
  }
}

/** Entries that an object keeps: the first ones and the last ones. */
const FIRST = 4;
const LAST = 12;
/** Objects that are remembered after their death. */
const DEAD_MAX = 10_000;

interface Life {
  readonly typeName: string;
  readonly serial: number;
  readonly first: HistoryEntry[];
  readonly last: HistoryEntry[];
  omitted: number;
}

/** A moment, to tell objects that were made later from those that were there. */
export interface LedgerMark {
  readonly serial: number;
}

/** What happened to which object. */
export class Ledger {
  private readonly lives = new Map<number, Life>();
  private readonly dead = new Map<number, Life>();
  private serial = 0;

  /** Now. */
  mark(): LedgerMark {
    return { serial: this.serial };
  }

  made(o: number, typeName: string): void {
    this.dead.delete(o);
    this.serial++;
    const life: Life = { typeName, serial: this.serial, first: [], last: [], omitted: 0 };
    this.lives.set(o, life);
    this.enter(life, "made", 1);
  }

  freed(o: number): void {
    const life = this.lives.get(o);
    if (life === undefined) return;
    this.lives.delete(o);
    this.enter(life, "freed", 0);
    this.dead.set(o, life);
    if (this.dead.size > DEAD_MAX) this.dead.delete(this.dead.keys().next().value!);
  }

  note(o: number, what: "incref" | "decref", refcount: number): void {
    const life = this.lives.get(o);
    if (life !== undefined) this.enter(life, what, refcount);
  }

  /** What happened to the object at that address, or to the last one that was there. */
  historyOf(o: number): readonly HistoryEntry[] {
    const life = this.lives.get(o) ?? this.dead.get(o);
    return life === undefined ? [] : [...life.first, ...life.last];
  }

  /** Live objects that were made after a moment, oldest first. */
  livingSince({ serial }: LedgerMark): number[] {
    return [...this.lives].filter(([, life]) => life.serial > serial).map(([o]) => o);
  }

  /** The name of the type that an object has, or had. */
  typeNameOf(o: number): string {
    return (this.lives.get(o) ?? this.dead.get(o))?.typeName ?? "object";
  }

  private enter(life: Life, what: HistoryEntry["what"], refcount: number): void {
    const entry = { what, refcount, where: caller() };
    if (life.first.length < FIRST) life.first.push(entry);
    else if (life.last.push(entry) > LAST) {
      life.last.shift();
      life.omitted++;
    }
  }
}

/** The first frame of the stack that is not of this package. */
function caller(): string {
  const frames = (new Error("where").stack ?? "").split("\n").slice(1);
  const frame = frames.find(
    (line) => !/[\\/]objects[\\/](?:src|dist)[\\/]/.test(line) || /\.test\./.test(line),
  );
  return frame === undefined ? "" : frame.trim().replace(/^at /, "");
}

/** Counts that refuse what would be a negative count, or an object that is not alive. */
export class CheckedCounts extends Counts {
  private readonly index: ObjectIndex;
  private readonly ledger: Ledger;

  constructor(ledger: Ledger, index: ObjectIndex, ...rest: ConstructorParameters<typeof Counts>) {
    super(...rest);
    this.ledger = ledger;
    this.index = index;
  }

  override incref(o: number): void {
    this.refuseDead("incref", o);
    super.incref(o);
    this.ledger.note(o, "incref", this.count(o));
  }

  override decref(o: number): void {
    this.beforeDecref(o);
    super.decref(o);
  }

  override decrefOnly(o: number): boolean {
    this.beforeDecref(o);
    return super.decrefOnly(o);
  }

  private beforeDecref(o: number): void {
    this.refuseDead("decref", o);
    const count = this.count(o) | 0;
    if (count <= 0 && !this.isImmortal(o)) {
      const name = this.ledger.typeNameOf(o);
      const message = `decref of the ${name} at ${formatAddress(o)}, whose count is ${count}.`;
      throw new RefcountError("negative-count", message, o, this.ledger.historyOf(o));
    }
    this.ledger.note(o, "decref", count - 1);
  }

  private refuseDead(call: string, o: number): void {
    if (this.index.has(o)) return;
    const history = this.ledger.historyOf(o);
    const was =
      history.length === 0 ? "which never was an object" : `a ${this.ledger.typeNameOf(o)} that was freed`;
    throw new RefcountError("use-after-free", `${call} of ${formatAddress(o)}, ${was}.`, o, history);
  }
}
