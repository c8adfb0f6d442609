// What may be done on the stream that a command writes to: colours, characters beyond ASCII, how wide a line may be.

import pc from "picocolors";

export type Colors = ReturnType<typeof pc.createColors>;

export interface Look {
  readonly isTerminal: boolean;
  readonly colors: Colors;
  /** Whether drawings may use block elements. */
  readonly unicode: boolean;
  /** Columns of a line. */
  readonly width: number;
}

const NARROWEST = 40;
const WIDTH_OF_FILES = 100;

/** Plain ASCII where it is not a terminal, or where the user asks for it with NO_COLOR. */
export function lookOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): Look {
  const isTerminal = stream.isTTY === true && env.TERM !== "dumb";
  const styled = isTerminal && !env.NO_COLOR;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return {
    isTerminal,
    colors: pc.createColors(styled),
    unicode: styled && /utf-?8/i.test(locale),
    width: isTerminal ? Math.max(NARROWEST, stream.columns || 80) : WIDTH_OF_FILES,
  };
}
