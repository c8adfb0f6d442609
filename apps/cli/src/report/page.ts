// The report: one file, no network, nothing that loads anything.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Tape, TapeCamera } from "@obmalloc/insight";
import { type Explained, type ExplainFileOptions, explainFile } from "../shared/explain-file.ts";
import { verdictHeadline } from "../shared/verdict-text.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import {
  certificateSection,
  collectionsSection,
  escapeHtml,
  lifetimesSection,
  linesSection,
  remediesSection,
  section,
  waterfallSection,
} from "./page-sections.ts";
import { PAGE_CSS } from "./page-style.ts";
import { reportData } from "./report-data.ts";

/** Pools at all moments of one report, before they are compressed. */
const FILM_BYTES_MAX = 2_000_000;
const FILM_MOMENTS = 40;
/** Blocks that one report holds, at all of its moments together: 4 to 5 bytes each in the file. */
const BLOCKS_MAX = 200_000;

export interface Filmed extends Explained {
  readonly tape: Tape | undefined;
}

/** Explains a file, and takes the pictures that a report shows. */
export function explainWithFilm(
  file: string,
  at: string | undefined,
  options: ExplainFileOptions = {},
): Filmed {
  const camera = new TapeCamera();
  let tape: Tape | undefined;
  let calls = 0;
  let shotAt = -1;
  const explained = explainFile(file, at, {
    ...options,
    onPoint: (replay) => {
      const isMark = replay.trace.tables.marks.some((mark) => mark.event === replay.event);
      if (calls++ % Math.ceil(240 / FILM_MOMENTS) !== 0 && !isMark) return;
      shotAt = replay.event;
      camera.shoot(replay.machine, replay.event);
    },
    look: ({ replay, stacks }) => {
      if (!replay.hasPools) return;
      if (shotAt !== replay.event) camera.shoot(replay.machine, replay.event);
      tape = camera.develop(replay.trace, replay.machine, stacks, {
        filmBytesMax: FILM_BYTES_MAX,
        blocksMax: BLOCKS_MAX,
      });
    },
  });
  return { ...explained, tape };
}

/** Writes the report of what was explained. */
export function writeReport(path: string, filmed: Filmed): void {
  writeFileSync(path, reportPage(filmed));
}

function reportPage({ trace, stacks, explanation, tape }: Filmed): string {
  const data = reportData(trace, explanation, tape);
  const elements = readFileSync(createRequire(import.meta.url).resolve("@obmalloc/heap-map/define"), "utf8");
  const script = `${elements.replace(/^\/\/# sourceMappingURL=.*$/m, "")}\n${PAGE_SCRIPT}`.replaceAll(
    "</script",
    "<\\/script",
  );
  const program = trace.info.commandLine.join(" ");
  const body = [
    header(verdictHeadline(explanation), program, explanation),
    waterfallSection(explanation),
    section("How it went", "<obm-timeline></obm-timeline>"),
    data.heap === undefined ? "" : section("Arenas, pools, blocks", '<obm-heap name="heap"></obm-heap>'),
    linesSection(explanation.pins, stacks),
    remediesSection(explanation),
    lifetimesSection(explanation.lifetimes),
    collectionsSection(explanation),
    shortcomingsSection(explanation.shortcomings),
    certificateSection(trace, explanation),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(PAGE_CSS)}; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(`Memory of ${program}`)}</title>
<style>${PAGE_CSS}</style>
</head>
<body>
<main>
${body.filter((part) => part !== "").join("\n")}
</main>
<script type="application/json" id="report-data">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** As a policy names a text that stands in the page. */
const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

function header(headline: string, program: string, { moment, verdict }: Explained["explanation"]): string {
  return `<header>
<h1>${escapeHtml(program)}</h1>
<p class="verdict" data-kind="${verdict.kind}">${escapeHtml(headline)}.</p>
<p class="dim">At ${escapeHtml(moment.name)}. Written by obmalloc; nothing on this page comes from or goes to a network.</p>
</header>`;
}

function shortcomingsSection(shortcomings: readonly string[]): string {
  if (shortcomings.length === 0) return "";
  const items = shortcomings.map((text) => `<li>${escapeHtml(text)}</li>`).join("\n");
  return section("What this recording cannot tell", `<ul>\n${items}\n</ul>`);
}
