import { expect, it } from "vitest";
import { generatedSlugs } from "../build/generated/repository.ts";
import { sidebar } from "../build/sidebar.ts";
import { pageTexts } from "./pages.ts";

/** Paths of all pages below an entry of the sidebar. */
function slugsIn(entry: unknown): string[] {
  if (typeof entry === "string") return [entry];
  const { items, slug } = entry as { items?: unknown[]; slug?: string };
  return slug === undefined ? (items ?? []).flatMap(slugsIn) : [slug];
}

it("names every page but the first one, and no other", () => {
  const pages = pageTexts().map(({ name }) => name.replace(/\.mdx?$/, ""));
  const expected = [...pages.filter((name) => name !== "index"), ...generatedSlugs];
  expect(sidebar.flatMap(slugsIn).sort()).toEqual(expected.sort());
});
