// Bars and fill levels, in block elements or in ASCII.

/** A horizontal bar, `share` (0 to 1) of `width` columns long; whatever is not nothing shows. */
export function bar(share: number, width: number, unicode: boolean): string {
  const eighths = Math.min(width * 8, Math.max(share > 0 ? 1 : 0, Math.round(share * width * 8)));
  if (!unicode) return "#".repeat(Math.ceil(eighths / 8));
  const rest = eighths % 8;
  return "█".repeat(Math.floor(eighths / 8)) + (rest === 0 ? "" : String.fromCharCode(0x2590 - rest));
}
