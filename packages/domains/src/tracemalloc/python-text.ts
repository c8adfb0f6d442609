// Texts exactly as Python makes them: `repr()` of strings, `%.1f`, the order of strings.

/** What `repr()` does not show as it is: all but letters, marks, numbers, punctuation, symbols and the plain space. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** `repr(text)`. */
export function reprString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let shown = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (character === quote) shown += `\\${quote}`;
    else if (SHORT_ESCAPES[character] !== undefined) shown += SHORT_ESCAPES[character];
    else if (character === " " || !UNPRINTABLE.test(character)) shown += character;
    else if (code <= 0xff) shown += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code <= 0xffff) shown += `\\u${code.toString(16).padStart(4, "0")}`;
    else shown += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return quote + shown + quote;
}

/** `"%.*f" % (digits, value)` for 0 or 1 digits: where both neighbours are as near, Python takes the even one. */
function fixed(value: number, digits: 0 | 1): string {
  const size = Math.abs(value);
  const scale = 10 ** digits;
  // A double lies halfway between two decimals of one digit only at quarters: 0.25, 0.75.
  const isTie = digits === 0 ? size % 1 === 0.5 : Math.abs((size * 4) % 2) === 1;
  const shown = isTie ? evenTie(size * scale) / scale : size;
  const sign = value < 0 ? "-" : "";
  return sign + shown.toFixed(digits);
}

/** A size with three to five digits and a unit (`_format_size` of Lib/tracemalloc.py); `signed` also shows a plus. */
export function formatSize(sizeBytes: number, signed: boolean): string {
  let size = sizeBytes;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const plus = signed && !(sizeBytes < 0) ? "+" : "";
  for (const unit of units) {
    if (Math.abs(size) < 100 && unit !== "B") return `${plus}${fixed(size, 1)} ${unit}`;
    if (Math.abs(size) < 10 * 1024 || unit === "TiB") return `${plus}${fixed(size, 0)} ${unit}`;
    size /= 1024;
  }
  throw new RangeError(`${sizeBytes} is no size.`);
}

/** `%+i`. */
export function signedInteger(n: number): string {
  return n < 0 ? String(n) : `+${n}`;
}

/** Negative, 0 or positive as Python orders strings: by code point, not by UTF-16 unit. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  // Units of a surrogate pair stand for code points above all others.
  const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
  const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
  return rank(left) - rank(right);
}

/** The even one of the two integers that `n` lies between. */
function evenTie(n: number): number {
  const below = Math.floor(n);
  return below % 2 === 0 ? below : below + 1;
}
