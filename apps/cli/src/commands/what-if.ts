// `obmalloc what-if`: the recording replayed under other settings, beside the recording itself.

import { type Profile, profileFor } from "@obmalloc/abi";
import { recordedSettings, type Settings, settingsName } from "@obmalloc/insight";
import { momentOf, TraceQuestionError } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { hasPools, momentJson, openTrace, requirePools } from "../shared/recording.ts";
import { lookOf } from "../shared/terminal.ts";
import type { WhatIfAnswer, WhatIfRow } from "../what-if/answer.ts";
import { realMalloc } from "../what-if/real-malloc.ts";
import { runSettings } from "../what-if/run-settings.ts";
import { whatIfText } from "./what-if-text.ts";

export interface WhatIfFlags {
  readonly at?: string;
  readonly json?: boolean;
  readonly profile?: readonly string[];
  readonly returnFreePools?: boolean;
  readonly keptArenas?: number;
  readonly usableArenas?: "fullest-first" | "last-freed-first";
  readonly arena?: number;
  readonly pool?: number;
  readonly malloc?: boolean;
  readonly trimThreshold?: number;
  readonly mmapThreshold?: number;
  readonly preload?: string;
}

/** @throws {TraceQuestionError} for moments and versions that there are not, {@link GeometryError} for sizes that cannot be. */
export async function whatIfCommand(file: string, flags: WhatIfFlags): Promise<ExitCode> {
  const trace = openTrace(file);
  // With other allocators there are no arenas to ask about, but the operations can be done by malloc all the same.
  if (!flags.malloc) requirePools(trace);
  const moment = momentOf(trace, flags.at);
  const recorded = recordedSettings(trace);
  const asked = settingsAsked(flags, recorded.profile);
  const all = hasPools(trace) ? [recorded, ...asked] : [];
  const results = await runSettings(file, trace, moment, all);
  const rows = all.map((settings, index): WhatIfRow => {
    return { name: settingsName(settings), isRecorded: index === 0, result: results[index]! };
  });
  const malloc = flags.malloc ? await realMalloc(trace, moment.event, mallocSettings(flags)) : undefined;
  const answer = { trace, moment, rows, malloc };
  if (flags.json) await writeJson(whatIfJson(answer));
  else await writeLines(whatIfText(answer, lookOf(process.stdout)));
  return ExitCode.ok;
}

/** The settings that the flags ask for; with none of them, the rules of each version that are different. */
function settingsAsked(flags: WhatIfFlags, recorded: Profile): Settings[] {
  const { arena, pool, keptArenas, usableArenas, returnFreePools, malloc } = flags;
  const geometry = {
    ...(arena === undefined ? {} : { arenaBytes: arena }),
    ...(pool === undefined ? {} : { poolBytes: pool }),
  };
  const variations = {
    ...(keptArenas === undefined ? {} : { keptEmptyArenas: keptArenas }),
    ...(usableArenas === undefined ? {} : { usableArenas }),
    ...(returnFreePools ? { returnFreePools } : {}),
  };
  const isVaried = Object.keys(geometry).length + Object.keys(variations).length > 0;
  const versions = flags.profile ?? (isVaried ? [recorded.version] : malloc ? [] : OTHERS);
  return versions
    .map((version) => ({ profile: knownProfile(version, recorded), geometry, variations }))
    .filter(({ profile }) => isVaried || flags.profile !== undefined || profile !== recorded);
}

/** The versions whose rules for arenas and pools are different from each other's. */
const OTHERS = ["3.7", "3.8", "3.9", "3.10"];

function knownProfile(version: string, recorded: Profile): Profile {
  try {
    return profileFor(version, recorded.model);
  } catch (cause) {
    throw new TraceQuestionError((cause as Error).message, { cause });
  }
}

function mallocSettings({ trimThreshold, mmapThreshold, preload }: WhatIfFlags) {
  return {
    ...(trimThreshold === undefined ? {} : { trimThresholdBytes: trimThreshold }),
    ...(mmapThreshold === undefined ? {} : { mmapThresholdBytes: mmapThreshold }),
    ...(preload === undefined ? {} : { preload }),
  };
}

function whatIfJson({ moment, rows, malloc }: WhatIfAnswer) {
  return {
    moment: momentJson(moment),
    settings: rows.map(({ name, isRecorded, result }) => ({ name, isRecorded, ...result })),
    malloc: malloc === undefined ? null : { ...malloc },
  };
}
