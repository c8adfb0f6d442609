// Writes into each built page a Content-Security-Policy that allows what this page holds, and nothing else.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AstroIntegration } from "astro";

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const unescapeAttribute = (text: string) =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&#34;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&#38;", "&")
    .replaceAll("&amp;", "&");

const matches = (html: string, pattern: RegExp) => [...html.matchAll(pattern)].map((match) => match[1] ?? "");

const takesFiles = (html: string) => /<trace-drop[\s>]/.test(html);

/**
 * The policy of one page. Scripts and styles come from the site, or stand in the page and are named by their hash; pictures
 * may be data; the search needs its WebAssembly. Nothing else is loaded, nothing is sent.
 */
export function policyFor(html: string): string {
  const scripts = matches(html, /<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g);
  const styles = matches(html, /<style[^>]*>([\s\S]*?)<\/style>/g);
  const attributes = matches(html, /<[a-z][^>]*?\sstyle="([^"]*)"/g).map(unescapeAttribute);
  const unique = (texts: readonly string[]) => [...new Set(texts.map(hashOf))].join(" ");
  const directives = [
    "default-src 'none'",
    `script-src 'self' 'wasm-unsafe-eval' ${unique(scripts)}`,
    `style-src 'self' 'unsafe-hashes' ${unique([...styles, ...attributes])}`,
    "img-src 'self' data:",
    "font-src 'self'",
    // A page that is given a user's file may not ask for anything, nor may the worker that it makes of a blob.
    ...(takesFiles(html)
      ? ["connect-src 'none'", "worker-src 'self' blob:"]
      : ["connect-src 'self'", "worker-src 'self'"]),
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
  ];
  return directives.map((directive) => directive.trim()).join("; ");
}

/** Puts the policy in front of everything that it governs. */
export function withPolicy(html: string): string {
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policyFor(html)}">`;
  return html.replace(/<head>/, `<head>${meta}`);
}

/** A heading of a table's column that has no text is no heading: Markdown cannot say so. */
export const withoutEmptyHeadings = (html: string): string =>
  html.replace(/<th([^>]*)>\s*<\/th>/g, "<td$1></td>");

export function contentSecurityPolicy(): AstroIntegration {
  return {
    name: "content-security-policy",
    hooks: {
      "astro:build:done": ({ dir }) => {
        const folder = fileURLToPath(dir);
        for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
          if (!name.endsWith(".html")) continue;
          const file = join(folder, name);
          writeFileSync(file, withPolicy(withoutEmptyHeadings(readFileSync(file, "utf8"))));
        }
      },
    },
  };
}
