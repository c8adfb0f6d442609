// The command `obmalloc`. A plain `record` goes straight to the recorder: what it loads, its user waits for.

import { parseRecordArguments } from "./record/arguments.ts";

const request = process.argv[2] === "record" ? parseRecordArguments(process.argv.slice(3)) : undefined;
if (request === undefined) {
  const { main } = await import("./program.ts");
  await main(process.argv);
} else {
  const { recordCommand } = await import("./record/command.ts");
  await recordCommand(request);
}
