// What `npm start` runs: the whole way of a recording, told on one page.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { explainWithFilm, writeReport } from "./report/page.ts";
import { printFailure } from "./shared/failures.ts";
import { lookOf } from "./shared/terminal.ts";
import { obtainRecording } from "./start/obtain-recording.ts";
import { storyLines } from "./start/story.ts";

/** Both src/ and dist/ lie beside cases/, three folders below the top of the repository. */
const folderFromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

try {
  const output = folderFromHere("../../../.cache/");
  const obtained = await obtainRecording({ cases: folderFromHere("../cases/"), output });
  const report = join(output, "report.html");
  writeReport(report, explainWithFilm(obtained.verified.file, undefined));
  for (const line of storyLines(obtained, report, lookOf(process.stdout))) console.log(line);
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
