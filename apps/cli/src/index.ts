// The command `obmalloc`. What is asked most goes its own way, past the full parser: `record` straight to the recorder, `verify`
// and `explain` to one file that has all they need. What else is loaded, the user waits for.

import * as nodeModule from "node:module";
import { homedir } from "node:os";
import { startDecoding } from "./decode/decode-thread.ts";
import { parseQuestion } from "./quick/arguments.ts";
import { parseRecordArguments } from "./record/arguments.ts";

const beside = (file: string): URL => new URL(file, import.meta.url);
/** Files beside this one, which is built alone, so that the decoding thread waits for no other. */
const load = <Module>(file: string): Promise<Module> => import(beside(file).href);

/** What V8 compiles is kept from one run to the next, in the recorder's folder, where that is and Node (22.1 or newer) can. */
async function keepCompiled(): Promise<void> {
  const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown };
  const { existsSync } = await import("node:fs"); // not before the thread is on its way: it takes long to load
  const folder = `${process.env.XDG_CACHE_HOME || `${homedir()}/.cache`}/obmalloc`;
  if (existsSync(folder)) enableCompileCache?.(`${folder}/compiled`);
}

const argv = process.argv.slice(2);
const request = argv[0] === "record" ? parseRecordArguments(argv.slice(1)) : undefined;
const question = parseQuestion(argv);
if (request !== undefined) {
  await keepCompiled();
  const { recordCommand } = await load<typeof import("./record/command.ts")>("./record/command.js");
  await recordCommand(request);
} else if (question !== undefined) {
  const decoding = startDecoding(question.file, beside("./decode/worker.js"));
  await keepCompiled();
  const { answer } = await load<typeof import("./quick/answer.ts")>("./quick/answer.js");
  await answer(question, decoding);
} else {
  const { main } = await load<typeof import("./program.ts")>("./program.js");
  await main(process.argv);
}
