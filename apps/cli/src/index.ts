// The command `obmalloc`. A plain `record` goes straight to the recorder: what it loads, its user waits for.

import { decodeAhead } from "./decode/decode-thread.ts";
import { parseRecordArguments } from "./record/arguments.ts";

const request = process.argv[2] === "record" ? parseRecordArguments(process.argv.slice(3)) : undefined;
if (request === undefined) {
  decodeAhead(process.argv.slice(2));
  const { main } = await import("./program.ts");
  await main(process.argv);
} else {
  const { recordCommand } = await import("./record/command.ts");
  await recordCommand(request);
}
