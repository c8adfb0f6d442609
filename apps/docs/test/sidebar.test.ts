import { expect, it } from "vitest";
import { sidebar } from "../build/sidebar.ts";
import { pageTexts } from "./pages.ts";

it("names every page but the first one, and no other", () => {
  const named = sidebar.flatMap((group) =>
    typeof group === "object" && "items" in group ? group.items : [],
  );
  const pages = pageTexts().map(({ name }) => name.replace(/\.mdx?$/, ""));
  expect([...named].sort()).toEqual(pages.filter((name) => name !== "index").sort());
});
