import { expect, it } from "vitest";
import { readApi, silentExports } from "../build/generated/api.ts";
import { commandsIn } from "../build/generated/command-line.ts";
import { pageOf } from "../build/generated/page.ts";
import { decisions, packageNames, traceFormat } from "../build/generated/repository.ts";

it("a README becomes a page: title, links to pages, no other links into the repository, code as it was", () => {
  const source = { path: "packages/trace/README.md", slug: "a/b", label: "x", description: "About x." };
  const markdown =
    "# `x`\nSee [the format](FORMAT.md), [a file](src/index.ts), [that](https://example.org).\n\n```ts\nf([a](b));\n```\n";
  expect(pageOf(source, markdown)).toBe(
    `---\ntitle: "x"\ndescription: "About x."\nslug: "a/b"\neditUrl: false\n---\n\nSee [the format](/${traceFormat.slug}/), a file, [that](https://example.org).\n\n\`\`\`ts\nf([a](b));\n\`\`\`\n`,
  );
});

it("the commands of a help are found, and the one that prints help is not one of them", () => {
  const help =
    "Usage: x\n\nCommands:\n  record [options]  run a program\n                    and more\n  import            read\n  help [command]    display\n\nFirst steps:\n  x y\n";
  expect(commandsIn(help)).toEqual(["record", "import"]);
});

it("every decision and every package has a page of its own", () => {
  expect(decisions.length).toBeGreaterThan(10);
  expect(new Set(decisions.map(({ slug }) => slug)).size).toBe(decisions.length);
  expect(packageNames).toContain("abi");
});

it("every export says something about itself", { timeout: 240_000 }, async () => {
  const { project } = await readApi();
  expect(project.children?.map(({ name }) => name).sort()).toEqual([...packageNames].sort());
  expect(silentExports(project)).toEqual([]);
});
