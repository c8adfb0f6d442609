// Python's `fnmatch` on POSIX: `*`, `?`, `[seq]`, `[!seq]`, matched against the whole name, case and all.

const compiled = new Map<string, RegExp>();
const CACHED_PATTERNS = 256;

/** `fnmatch.fnmatchcase(name, pattern)`. */
export function matchesFilename(name: string, pattern: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(`^${translate(pattern)}$`, "su");
    if (compiled.size >= CACHED_PATTERNS) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression.test(name);
}

function translate(pattern: string): string {
  const characters = [...pattern];
  let expression = "";
  for (let i = 0; i < characters.length; ) {
    const character = characters[i++]!;
    if (character === "*") {
      while (characters[i] === "*") i++;
      expression += ".*";
    } else if (character === "?") {
      expression += ".";
    } else if (character === "[") {
      const end = endOfSet(characters, i);
      if (end < 0) expression += "\\[";
      else {
        expression += setExpression(characters.slice(i, end));
        i = end + 1;
      }
    } else {
      expression += character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
    }
  }
  return expression;
}

/** The index of the `]` that ends the set which begins at `start`; one at its very begin belongs to it. */
function endOfSet(characters: readonly string[], start: number): number {
  let i = start;
  if (characters[i] === "!") i++;
  if (characters[i] === "]") i++;
  return characters.indexOf("]", i);
}

/** A set as a regular expression: ranges whose ends are the wrong way around are empty. */
function setExpression(content: readonly string[]): string {
  const negated = content[0] === "!";
  const items = negated ? content.slice(1) : content;
  let inside = "";
  for (let i = 0; i < items.length; ) {
    const [from, dash, to] = [items[i]!, items[i + 1], items[i + 2]];
    if (dash === "-" && to !== undefined) {
      if (from.codePointAt(0)! <= to.codePointAt(0)!) inside += `${escapeInSet(from)}-${escapeInSet(to)}`;
      i += 3;
    } else {
      inside += escapeInSet(from);
      i++;
    }
  }
  if (inside === "") return negated ? "." : "(?!)";
  return `[${negated ? "^" : ""}${inside}]`;
}

function escapeInSet(character: string): string {
  return /[\\\]^\-[&~|]/.test(character) ? `\\u{${character.codePointAt(0)!.toString(16)}}` : character;
}
