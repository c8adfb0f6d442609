// Colours and type of all pictures. Each colour is a custom property that a page may set; both colour schemes have values of
// their own, with a contrast of 4.5 to 1 for text and 3 to 1 for what is drawn.

export const THEME_CSS = `
:host {
  display: block;
  color-scheme: light dark;
  --text: var(--obm-text, light-dark(#1b1f24, #e6e9ee));
  --dim: var(--obm-dim, light-dark(#57606a, #9aa4b2));
  --line: var(--obm-line, light-dark(#d0d7de, #3a4150));
  --surface: var(--obm-surface, light-dark(#ffffff, #161a20));
  --used: var(--obm-used, light-dark(#0b6bcb, #58a6ff));
  --held: var(--obm-held, light-dark(#b35900, #f0a34a));
  --other: var(--obm-other, light-dark(#6e7781, #8b95a3));
  --good: var(--obm-good, light-dark(#1a7f37, #57c26e));
  --accent: var(--obm-accent, light-dark(#8250df, #bc8cff));
  color: var(--text);
  font: 14px/1.45 system-ui, sans-serif;
}
figure { margin: 0; }
canvas { display: block; width: 100%; touch-action: pan-y; }
canvas:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}
details { margin-top: 6px; color: var(--dim); }
summary { cursor: pointer; }
table { border-collapse: collapse; margin-top: 6px; color: var(--text); font-variant-numeric: tabular-nums; }
th, td { padding: 2px 12px 2px 0; text-align: left; vertical-align: top; }
th { font-weight: 600; color: var(--dim); }
td.number, th.number { text-align: right; }
.scroll { overflow-x: auto; max-height: 24em; overflow-y: auto; }
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 6px 0; }
.row input[type="range"] { flex: 1 1 200px; min-width: 120px; accent-color: var(--accent); }
button, select {
  font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line);
  border-radius: 6px; padding: 3px 10px; cursor: pointer;
}
.status { color: var(--dim); min-height: 1.45em; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--dim); margin: 4px 0; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 5px; vertical-align: -1px; }
`;

/** What a canvas needs of the theme: it cannot read custom properties by itself. */
export interface Palette {
  readonly text: string;
  readonly dim: string;
  readonly line: string;
  readonly surface: string;
  readonly used: string;
  readonly held: string;
  readonly other: string;
  readonly good: string;
  readonly accent: string;
}

/** Hues for lines of source, apart from each other in both schemes; the last one is everybody else. */
const LINE_HUES = [210, 28, 140, 275, 340, 60, 185, 0] as const;

export const hueColor = (index: number, dark: boolean): string =>
  `hsl(${LINE_HUES[index % LINE_HUES.length]} ${dark ? "65% 62%" : "70% 42%"})`;
