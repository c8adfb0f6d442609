// A page as text: front matter, and Markdown from elsewhere in the repository.

import { posix } from "node:path";
import { type Source, sources } from "./repository.ts";

interface FrontMatter {
  readonly title: string;
  readonly description: string;
  readonly slug: string;
}

/** The text of a page. */
export function pageText(front: FrontMatter, body: string): string {
  const lines = Object.entries(front).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `---\n${lines.join("\n")}\neditUrl: false\n---\n\n${body.trim()}\n`;
}

const CODE = /^```[\s\S]*?^```|(?:^ {4}.*\n)+/gm;
const LINK = /\[([^\]]+)\]\((?![a-z]+:|#)([^)\s]+)\)/g;

/** The page of a Markdown file: its heading becomes the title; links lead to pages, or become text where there is none. */
export function pageOf(source: Source, markdown: string): string {
  const title = /^# (.*)$/m.exec(markdown)?.[1]?.replaceAll("`", "") ?? source.label;
  const body = markdown.replace(/^# .*\n/m, "");
  const blocks: string[] = [];
  const prose = body.replace(CODE, (block) => `⟦${blocks.push(block) - 1}⟧`);
  const linked = prose.replace(LINK, (_, text: string, target: string) => {
    const slug = slugOf(source.path, target);
    return slug === undefined ? text : `[${text}](/${slug}/)`;
  });
  const text = linked.replace(/⟦(\d+)⟧/g, (_, index) => blocks[Number(index)]!);
  return pageText({ title, description: source.description, slug: source.slug }, text);
}

function slugOf(from: string, target: string): string | undefined {
  const path = posix.normalize(posix.join(posix.dirname(from), target.split("#")[0]!));
  return sources.find((source) => source.path === path || posix.dirname(source.path) === path)?.slug;
}
