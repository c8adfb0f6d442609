import { expect, it } from "vitest";
import { sidebar } from "../build/sidebar.ts";
import { pageTexts } from "./pages.ts";

const chapters = sidebar.flatMap((group) =>
  group.label === "Learn" && "items" in group ? group.items.filter((item) => typeof item === "string") : [],
);

it("the course has its fifteen chapters", () => expect(chapters).toHaveLength(15));

it.each(chapters)("%s has a live picture, a question, and something to break", (slug) => {
  const { text } = pageTexts().find(({ name }) => name === `${slug}.mdx`)!;
  for (const element of ["heap-scene", "engine-question", "engine-run"])
    expect(text).toContain(`<${element} name=`);
});
