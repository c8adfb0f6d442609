// `obmalloc demo size-class-collision`: one script, two versions. A smaller head of the collector moves the temporaries into another
// size class; where it is that of what survives them, several times as much memory stays.

import { classBytes, objectLayouts, type Profile, profileFor, sizeClassOf } from "@obmalloc/abi";
import type { ArenaSnapshot } from "@obmalloc/pymalloc";
import { arenaRows, legend } from "../../shared/arena-picture.ts";
import { bar } from "../../shared/bar.ts";
import { tableLines } from "../../shared/table.ts";
import type { Look } from "../../shared/terminal.ts";
import { formatBytes, formatCount } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { FIRST_NUMBER, nameOf, Sessions } from "./sessions.ts";

const SESSIONS = 20_000;
const KEEP_EVERY = 100;
const ARENAS_DRAWN = 4;

interface Side {
  readonly profile: Profile;
  readonly sessions: Sessions;
}

export function* sizeClassCollisionDemo({ profile: { model }, look }: DemoContext): Generator<DemoStep> {
  const sides = ["3.7", "3.8"].map((version): Side => {
    const profile = profileFor(version, model);
    return { profile, sessions: new Sessions(profile) };
  });

  yield { title: "One script, two versions", ...programStep(sides, look) };

  for (const { sessions } of sides) sessions.work(SESSIONS, KEEP_EVERY);
  yield {
    title: `${formatCount(SESSIONS)} sessions, at the peak`,
    text: "Both versions need about the same: everything is alive, and the arenas are full.",
    lines: heldLines(sides, look),
  };

  for (const { sessions } of sides) sessions.finish();
  yield {
    title: "The work is done, the temporaries are dead",
    text: `${formatCount(SESSIONS / KEEP_EVERY)} names are alive in both. ${verdict(sides)}`,
    lines: heldLines(sides, look),
  };

  yield {
    title: "The arenas that stay",
    text: "Each row is an arena, each cell a pool; a low cell is a pool with a name or two in it.",
    lines: [...sides.flatMap((side) => [...pictureOf(side, look), ""]), legend(look)],
  };

  yield { title: "Why: what shares a pool with a name", ...sharingStep(sides, look) };

  for (const { sessions } of sides) sessions.copySurvivors();
  yield {
    title: "Copy the names, once the work is over",
    text:
      "The copies fill pools that are in use already, next to each other, and the old ones let their arenas go. One line in Python, " +
      'kept = [(name + " ")[:-1] for name in kept], for nearly all of the memory.',
    lines: heldLines(sides, look),
  };
}

function verdict(sides: readonly Side[]): string {
  const [less, more] = [...sides].sort((a, b) => arenaCountOf(a) - arenaCountOf(b)) as [Side, Side];
  const times = arenaCountOf(more) / arenaCountOf(less);
  if (times < 1.5) {
    return "Both versions keep nearly all arenas: in each, temporaries of one kind or another share the names' size class.";
  }
  return (
    `${more.profile.version} keeps ${times.toFixed(1)} times as many arenas as ${less.profile.version}: there the names lie ` +
    "between temporaries of their own size class, thinly, all over the memory."
  );
}

function arenaCountOf({ sessions: { domains } }: Side): number {
  return domains.pymalloc.arenaCount;
}

/** What the program makes, and what size class it falls into. */
function programStep(sides: readonly Side[], look: Look): Pick<DemoStep, "text" | "lines"> {
  const kinds = sides.map(({ profile, sessions: { py } }) => {
    const { gcHead, dict, tuple } = objectLayouts(profile);
    const stringBytes = (text: string) => {
      const o = py.strings.create(text);
      const bytes = py.getsizeof(o);
      py.decref(o);
      return bytes;
    };
    const bytes = {
      "the name that is kept": stringBytes(nameOf(FIRST_NUMBER)),
      "the temporary string": stringBytes(String(FIRST_NUMBER).repeat(3)),
      "the temporary tuple": gcHead.sizeBytes + tuple.offsets.ob_item + 3 * profile.model.pointerBytes,
      "the temporary dict": gcHead.sizeBytes + dict.sizeBytes,
    };
    return { version: profile.version, gcHead: gcHead.sizeBytes, bytes, profile };
  });
  const names = Object.keys(kinds[0]!.bytes) as (keyof (typeof kinds)[0]["bytes"])[];
  return {
    text:
      `Each session makes (i, str(i) * 3, {"k": i}) for a while; one in ${KEEP_EVERY} leaves "session-%d" % i behind. The collector's head in front of tuple and ` +
      `dict is ${kinds.map(({ gcHead, version }) => `${gcHead} bytes in ${version}`).join(" and ")}. --version has no effect here.`,
    lines: tableLines(
      [{ heading: "" }, ...kinds.map(({ version }) => ({ heading: `${version}: bytes, class` }))],
      names.map((name) => [
        name,
        ...kinds.map(({ bytes, profile }) => {
          const szidx = sizeClassOf(profile, bytes[name]);
          const text = `${String(bytes[name]).padStart(3)}  class of ${classBytes(profile, szidx)}`;
          return szidx === sizeClassOf(profile, bytes["the name that is kept"])
            ? look.colors.red(text)
            : text;
        }),
      ]),
      look.colors,
    ),
  };
}

/** Arenas held and what lives in them, side by side. */
function heldLines(sides: readonly Side[], look: Look): string[] {
  const held = sides.map(({ profile, sessions: { domains } }) => {
    const { arenaCount } = domains.pymalloc;
    const live = domains.pymalloc.inspect().arenas.reduce((sum, arena) => sum + arena.liveBytes, 0);
    return { version: profile.version, arenaCount, bytes: arenaCount * profile.pymalloc.arenaBytes, live };
  });
  const most = Math.max(...held.map(({ bytes }) => bytes));
  return held.map(({ version, arenaCount, bytes, live }) => {
    const figures = `${arenaCount} arenas, ${formatBytes(bytes)}, ${formatBytes(live)} of live blocks`;
    return `${version}  ${bar(bytes / most, 30, look.unicode).padEnd(30)}  ${figures}`;
  });
}

function* pictureOf({ profile, sessions: { domains } }: Side, look: Look): Generator<string> {
  const arenas = domains.pymalloc.inspect().arenas.map((arena: ArenaSnapshot) => ({
    ...arena,
    blockBytes: arena.liveBytes,
    freePools: arena.nfreepools,
    totalPools: arena.ntotalpools,
  }));
  yield look.colors.bold(profile.version);
  yield* arenaRows(arenas, { first: 2, last: ARENAS_DRAWN }, look);
}

/** Pools and arenas with a kept name in them. */
function sharingStep(sides: readonly Side[], look: Look): Pick<DemoStep, "text" | "lines"> {
  const rows = sides.map(({ profile, sessions }) => {
    const { poolBytes } = profile.pymalloc;
    const names = sessions.survivors();
    const pools = new Set(names.map((name) => Math.floor(name / poolBytes)));
    const { arenas } = sessions.domains.pymalloc.inspect();
    const pinned = arenas.filter(({ base }) =>
      names.some((p) => p >= base && p < base + profile.pymalloc.arenaBytes),
    );
    return [
      profile.version,
      `${names.length}`,
      `${pools.size}`,
      (names.length / pools.size).toFixed(1),
      `${pinned.length}`,
    ];
  });
  return {
    text:
      "A pool can be used for another class only when it is empty, an arena goes back only when all its pools are. The more temporaries " +
      "share the names' class, the more pools, and arenas, have a name in them.",
    lines: tableLines(
      ["", "names", "in pools", "names per pool", "in arenas"].map((heading) => ({
        heading,
        align: "right" as const,
      })),
      rows,
      look.colors,
    ),
  };
}
