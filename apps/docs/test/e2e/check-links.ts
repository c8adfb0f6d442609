// Every link of the built site that leads into the site: its page is there, and so is the place on it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { siteFolder } from "../../build/site-server.ts";

const attributes = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(`<[a-z][^>]*?\\s${name}="([^"]*)"`, "g"))].map(([, value]) =>
    value!.replaceAll("&amp;", "&").replaceAll("&#38;", "&"),
  );

/** The file below the site that a path stands for. */
const fileOf = (path: string): string => (path === "" || path.endsWith("/") ? `${path}index.html` : path);

/** @param pages paths of all pages, the first one being "". */
export function brokenLinks(pages: readonly string[]): string[] {
  const htmlOf = (path: string) => readFileSync(join(siteFolder, fileOf(path)), "utf8");
  const ids = new Map(pages.map((path) => [path, new Set(attributes(htmlOf(path), "id"))]));
  return pages.flatMap((from) => {
    const targets = [...attributes(htmlOf(from), "href"), ...attributes(htmlOf(from), "src")];
    return [...new Set(targets)].flatMap((target) => {
      const url = new URL(target, `http://site/${from}`);
      if (url.host !== "site") return [];
      const path = decodeURIComponent(url.pathname.slice(1));
      const anchor = decodeURIComponent(url.hash.slice(1));
      const where = `/${from}: ${target}`;
      if (!existsSync(join(siteFolder, fileOf(path)))) return [`${where}: leads nowhere`];
      const hasPlace = anchor === "" || (ids.get(path)?.has(anchor) ?? false);
      return hasPlace ? [] : [`${where}: no such place there`];
    });
  });
}
