// `obmalloc blocks`: every live block, one a line; a million of them as fast as they are read.

import { formatAddress, ObmallocError } from "@obmalloc/abi";
import { type Frame, type LiveBlock, liveBlocks, type Stacks } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { frameText } from "../shared/frame-text.ts";
import { writeLines } from "../shared/output.ts";
import { type Recording, replayTo } from "../shared/recording.ts";
import { counted, formatBytes } from "../shared/units.ts";

export interface BlocksOptions {
  readonly at?: string;
  readonly json?: boolean;
  /** Only blocks of this line, `FILE:LINE`; the file may be the end of its path. */
  readonly line?: string;
  /** Only blocks for which at least so many bytes were requested. */
  readonly minSize?: number;
}

/** @throws {ObmallocError} when `--line` is not FILE:LINE; {@link TraceQuestionError} when there is no such moment. */
export async function blocksCommand(file: string, options: BlocksOptions): Promise<ExitCode> {
  const lineFilter = options.line === undefined ? undefined : parseLine(options.line);
  const recording = replayTo(file, { at: options.at, stacks: true, pools: false });
  const blocks = selected(recording, options.minSize ?? 0, lineFilter);
  await writeLines(options.json ? jsonLines(blocks, recording.stacks) : textLines(blocks, recording));
  return ExitCode.ok;
}

type LineFilter = (frame: Frame | undefined) => boolean;

function parseLine(text: string): LineFilter {
  const [, file, line] = /^(.+):(\d+)$/.exec(text) ?? [];
  if (file === undefined) throw new ObmallocError(`--line takes FILE:LINE, such as app.py:24, not ${text}.`);
  return (frame) =>
    frame !== undefined &&
    frame.line === Number(line) &&
    (frame.file === file || frame.file.endsWith(`/${file}`));
}

function* selected({ replay, stacks }: Recording, minSizeBytes: number, line: LineFilter | undefined) {
  for (const block of liveBlocks(replay)) {
    if (block.sizeBytes < minSizeBytes) continue;
    if (line === undefined || line(stacks.innermost(block.stack))) yield block;
  }
}

/** JSON by hand: what a stack contributes is the same for all its blocks. */
function* jsonLines(blocks: Iterable<LiveBlock>, stacks: Stacks): Generator<string> {
  const ends = new Map<Frame | undefined, string>();
  for (const { address, szidx, blockBytes, sizeBytes, domain, arena, stack } of blocks) {
    const frame = stacks.innermost(stack);
    let end = ends.get(frame);
    if (end === undefined) {
      const { file = null, line = null, function: name = null } = frame ?? {};
      end = JSON.stringify({ file, line, function: name }).slice(1);
      ends.set(frame, end);
    }
    const place = arena === null ? null : `"${formatAddress(arena)}"`;
    const sizes = `"szidx":${szidx},"sizeClass":${szidx === null ? null : blockBytes},"sizeBytes":${sizeBytes}`;
    yield `{"address":"${formatAddress(address)}",${sizes},"domain":"${domain}","arena":${place},${end}`;
  }
}

function* textLines(blocks: Iterable<LiveBlock>, { stacks, moment }: Recording): Generator<string> {
  const pools = { blocks: 0, sizeBytes: 0, blockBytes: 0 };
  const outside = { blocks: 0, sizeBytes: 0, blockBytes: 0 };
  yield `${"address".padEnd(14)}  ${"class".padStart(5)}  ${"requested".padStart(9)}  domain  line`;
  for (const block of blocks) {
    const total = block.arena === null ? outside : pools;
    total.blocks++;
    total.sizeBytes += block.sizeBytes;
    total.blockBytes += block.blockBytes;
    const frame = stacks.innermost(block.stack);
    const address = formatAddress(block.address).padEnd(14);
    const sizeClass = (block.szidx === null ? "-" : String(block.blockBytes)).padStart(5);
    const size = String(block.sizeBytes).padStart(9);
    yield `${address}  ${sizeClass}  ${size}  ${block.domain.padEnd(6)}  ${frame === undefined ? "-" : frameText(frame)}`;
  }
  yield "";
  yield `At ${moment.name}:`;
  const rounded = `${formatBytes(pools.sizeBytes)} requested, ${formatBytes(pools.blockBytes)} with rounding up`;
  yield `  in pools       ${counted(pools.blocks, "block")}, ${rounded}`;
  yield `  outside        ${counted(outside.blocks, "block")}, ${formatBytes(outside.sizeBytes)} requested`;
}
