import { profileFor } from "@obmalloc/abi";
import { expect, it } from "vitest";
import { type Fact, facts, factVersions, variety } from "./facts.ts";

const find = (rows: readonly Fact[], name: string, model = "lp64") =>
  rows.find((fact) => fact.name === name && fact.model === model)!;

it.each(Object.keys(facts) as (keyof typeof facts)[])("%s: a value for each version, names once", (name) => {
  const rows = facts[name]();
  expect(rows.length).toBeGreaterThan(20);
  for (const { values } of rows) expect(values.length).toBe(factVersions.length);
  const names = rows.map((fact) => `${fact.model} ${fact.name}`);
  expect(new Set(names).size).toBe(names.length);
});

it("versions are in order, with micro versions before the rest of their version", () => {
  expect(factVersions[0]).toBe("3.7");
  expect(factVersions.at(-1)).toBe("3.15");
  expect(factVersions.indexOf("3.14.0 to 3.14.4")).toBe(factVersions.indexOf("3.14") - 1);
});

it("values are those of the profiles", () => {
  const at = (version: string) => factVersions.indexOf(version);
  const arena = find(facts.pymalloc(), "arenaBytes");
  expect(arena.values[at("3.9")]).toBe(String(profileFor("3.9").pymalloc.arenaBytes));
  expect(arena.values[at("3.10")]).toBe(String(profileFor("3.10").pymalloc.arenaBytes));
  expect(variety(arena)).toBe(2);
  expect(variety(find(facts.pymalloc(), "arenaBytes", "ilp32"))).toBe(1);
  expect(find(facts.structures(), "poolHeader.szidx").values[0]).toBe("36");
  expect(find(facts.structures(), "poolHeader: size", "ilp32").values[0]).toBe("32");
});
