// The report: one file, no network, nothing that loads anything.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ArenaCamera, type ArenaFilm } from "@obmalloc/insight";
import { type Explained, type ExplainFileOptions, explainFile } from "../shared/explain-file.ts";
import { verdictHeadline } from "../shared/verdict-text.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import {
  certificateSection,
  escapeHtml,
  lifetimesSection,
  linesSection,
  remediesSection,
  section,
} from "./page-sections.ts";
import { PAGE_CSS } from "./page-style.ts";
import { reportData } from "./report-data.ts";

/** The pictures of arenas in one report, before they are written as base64. */
const FILM_BYTES_MAX = 1_000_000;
const FILM_MOMENTS = 40;
/** As many as there are colours. */
const FILM_LINES = 6;

export interface Filmed extends Explained {
  readonly film: ArenaFilm | undefined;
}

/** Explains a file, and takes the pictures that a report shows. */
export function explainWithFilm(
  file: string,
  at: string | undefined,
  options: ExplainFileOptions = {},
): Filmed {
  const camera = new ArenaCamera();
  let film: ArenaFilm | undefined;
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
      film = camera.develop(replay.machine, stacks, FILM_LINES, FILM_BYTES_MAX);
    },
  });
  return { ...explained, film };
}

/** Writes the report of what was explained. */
export function writeReport(path: string, filmed: Filmed): void {
  writeFileSync(path, reportPage(filmed));
}

function reportPage({ trace, stacks, explanation, film }: Filmed): string {
  const data = reportData(trace, explanation, film);
  const elements = readFileSync(createRequire(import.meta.url).resolve("@obmalloc/heap-map/define"), "utf8");
  const script = `${elements.replace(/^\/\/# sourceMappingURL=.*$/m, "")}\n${PAGE_SCRIPT}`.replaceAll(
    "</script",
    "<\\/script",
  );
  const hash = createHash("sha256").update(script).digest("base64");
  const program = trace.info.commandLine.join(" ");
  const body = [
    header(verdictHeadline(explanation), program, explanation),
    section("Where the memory is", "<obm-waterfall></obm-waterfall>"),
    section("How it went", "<obm-timeline></obm-timeline>"),
    data.arenaMap === undefined ? "" : section("Arenas and their pools", "<obm-arena-map></obm-arena-map>"),
    linesSection(explanation.pins, stacks),
    remediesSection(explanation),
    lifetimesSection(explanation.lifetimes),
    shortcomingsSection(explanation.shortcomings),
    certificateSection(trace, explanation),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
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
