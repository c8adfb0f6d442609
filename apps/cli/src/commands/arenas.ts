// `obmalloc arenas`: how full each arena and each of its pools is.

import { formatAddress } from "@obmalloc/abi";
import { type ArenaOccupancy, arenaOccupancy } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeLines, writeText } from "../shared/output.ts";
import { momentJson, replayTo } from "../shared/recording.ts";
import { lookOf } from "../shared/terminal.ts";
import { arenasText } from "./arenas-text.ts";

export interface ArenasOptions {
  readonly at?: string;
  readonly json?: boolean;
  readonly all?: boolean;
}

/** @throws {TraceQuestionError} when the trace has no pools, or no such moment. */
export async function arenasCommand(
  file: string,
  { at, json, all = false }: ArenasOptions,
): Promise<ExitCode> {
  const { replay, moment } = replayTo(file, { at, stacks: false, pools: true });
  const { arenaBytes, poolBytes } = replay.profile.pymalloc;
  const arenas = arenaOccupancy(replay);
  if (json) {
    const answer = { moment: momentJson(moment), arenaBytes, poolBytes, arenas: arenas.map(arenaJson) };
    await writeText(`${JSON.stringify(answer)}\n`); // a row for each pool: indented, it would be mostly blanks
  } else {
    const drawn = { arenas, sizes: { arenaBytes, poolBytes }, moment: moment.name, all };
    await writeLines(arenasText(drawn, lookOf(process.stdout)));
  }
  return ExitCode.ok;
}

function arenaJson({ base, pools, ...figures }: ArenaOccupancy) {
  return {
    base: formatAddress(base),
    ...figures,
    pools: pools.map(({ address, state, szidx, blockBytes, count, capacity }) => ({
      address: formatAddress(address),
      state,
      szidx,
      sizeClass: szidx === null ? null : blockBytes,
      count,
      capacity,
    })),
  };
}
