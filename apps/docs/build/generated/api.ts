// The API of each package from its doc comments, by TypeDoc.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  Application,
  type DeclarationReflection,
  type ProjectReflection,
  ReflectionKind,
  type TypeDocOptions,
} from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import { pageText } from "./page.ts";
import { apiSlug, packageNames, root } from "./repository.ts";

const OPTIONS: Partial<TypeDocOptions & PluginOptions> = {
  plugin: ["typedoc-plugin-markdown"],
  entryPoints: packageNames.map((name) => join(root, "packages", name, "src/index.ts")),
  tsconfig: fileURLToPath(new URL("../../tsconfig.api.json", import.meta.url)),
  skipErrorChecking: true, // tsc has looked
  readme: "none",
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  disableGit: true,
  disableSources: true,
  validation: false,
  logLevel: "Error",
  router: "module",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  hidePageTitle: true,
  useCodeBlocks: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  enumMembersFormat: "table",
  tableColumnSettings: {
    hideDefaults: true,
    hideInherited: true,
    hideModifiers: true,
    hideOverrides: true,
    hideSources: true,
  },
};

/** What TypeDoc knows of all packages. Each module has the name of its package. */
export async function readApi(): Promise<{ readonly app: Application; readonly project: ProjectReflection }> {
  const app = await Application.bootstrapWithPlugins(OPTIONS as Partial<TypeDocOptions>);
  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc could not read the packages; its messages are above.");
  const modules = project.children ?? [];
  for (const name of packageNames) {
    const module = modules.find((one) => one.name.split("/").includes(name));
    if (module === undefined) throw new Error(`TypeDoc has not seen the package ${name}.`);
    module.name = name;
  }
  return { app, project };
}

/** Exports without a word about themselves, as `package.name`. */
export function silentExports(project: ProjectReflection): string[] {
  const said = (one: DeclarationReflection): boolean =>
    one.kind === ReflectionKind.Reference ||
    one.hasComment() ||
    (one.signatures ?? []).some((signature) => signature.hasComment()) ||
    (one.type?.type === "reflection" &&
      (one.type.declaration.signatures ?? []).some((signature) => signature.hasComment()));
  return (project.children ?? []).flatMap((module) =>
    (module.children ?? []).filter((one) => !said(one)).map((one) => `${module.name}.${one.name}`),
  );
}

/** A page for each package, by its slug. */
export async function apiPages(): Promise<ReadonlyMap<string, string>> {
  const { app, project } = await readApi();
  const folder = mkdtempSync(join(tmpdir(), "api-"));
  try {
    app.options.setValue("outputs", [{ name: "markdown", path: folder }]);
    await app.generateOutputs(project);
    return new Map(packageNames.map((name) => [apiSlug(name), apiPage(name, folder)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function apiPage(name: string, folder: string): string {
  const file = join(folder, `${name}.md`);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "This package exports nothing by name.";
  const linked = text.replace(
    /\]\((?:\.\.?\/)*([\w-]+)\.md(#[^)]*)?\)/g,
    (_, to, anchor) => `](/${apiSlug(to)}/${anchor ?? ""})`,
  );
  const introduction = `What \`@obmalloc/${name}\` exports, from its doc comments. [The package in short](/reference/packages/${name}/).`;
  return pageText(
    {
      title: `@obmalloc/${name}`,
      description: `What @obmalloc/${name} exports: parameters, units, errors, sources.`,
      slug: apiSlug(name),
    },
    `${introduction}\n\n${linked}`,
  );
}
