// As much of JSON Schema as our schemas use.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMAS } from "./harness.ts";

interface Schema {
  readonly type: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly pattern?: string;
}

const KNOWN = new Set([
  "$schema",
  "title",
  "description",
  "type",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "enum",
  "pattern",
]);

/** What is wrong with `value`, as a list of places; empty when it is valid. */
export function violations(command: string, value: unknown): string[] {
  const schema = JSON.parse(readFileSync(join(SCHEMAS, `${command}.schema.json`), "utf8")) as Schema;
  return [...check(schema, value, command)];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function* check(schema: Schema, value: unknown, at: string): Generator<string> {
  for (const key of Object.keys(schema))
    if (!KNOWN.has(key)) yield `${at}: the schema's ${key} is not understood`;
  const type = typeOf(value);
  const allowed = [schema.type].flat();
  if (!allowed.includes(type) && !(type === "integer" && allowed.includes("number"))) {
    yield `${at}: ${type} instead of ${allowed.join(" or ")}`;
    return;
  }
  if (typeof value === "string") {
    if (schema.enum && !schema.enum.includes(value)) yield `${at}: ${value}`;
    if (schema.pattern && !new RegExp(schema.pattern).test(value)) yield `${at}: ${value}`;
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* check(schema.items!, item, `${at}[${index}]`);
  } else if (type === "object") {
    yield* checkObject(schema, value as Record<string, unknown>, at);
  }
}

function* checkObject(schema: Schema, value: Record<string, unknown>, at: string): Generator<string> {
  const { properties = {}, required = [] } = schema;
  for (const key of required) if (!(key in value)) yield `${at}: no ${key}`;
  for (const [key, item] of Object.entries(value)) {
    const known = properties[key];
    if (known === undefined) yield `${at}: ${key} is not in the schema`;
    else yield* check(known, item, `${at}.${key}`);
  }
}
