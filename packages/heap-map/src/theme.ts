// Colours and type of all pictures. Each colour is a custom property that a page may set; both colour schemes have values of
// their own, with a contrast of 4.5 to 1 for text and 3 to 1 for what is drawn.

export const THEME_CSS = `
:host {
  display: block;
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
figcaption { font-weight: 600; margin-bottom: 4px; }
[hidden] { display: none !important; }
canvas { display: block; width: 100%; touch-action: pan-y; }
canvas.pane { border-radius: 6px; cursor: grab; }
canvas.pane.is-close { touch-action: none; }
canvas.pane:active { cursor: grabbing; }
.panes { display: grid; gap: 16px; }
.panes.is-two { grid-template-columns: 1fr 1fr; }
.pane-box { min-width: 0; }
.pane-title { font-weight: 600; margin-bottom: 4px; }
.said { min-height: 4.6em; margin: 4px 0; }
.said p { margin: 4px 0 0; max-width: 46em; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: 13px; }
.call { font-weight: 600; color: var(--used); overflow-wrap: anywhere; }
pre { overflow-x: auto; margin: 6px 0; padding: 8px; background: color-mix(in srgb, var(--line) 25%, transparent); border-radius: 6px; }
dl.figures { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 8px 0 0; }
.figures dt { color: var(--dim); font-size: 13px; }
.figures dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.detail p { margin: 6px 0 0; color: var(--dim); }
.detail ol.stack { margin: 2px 0 0; padding-left: 1.6em; overflow-wrap: anywhere; font-size: 13px; }
.log { margin: 8px 0 0; padding-left: 2.2em; max-height: 16em; overflow-y: auto; color: var(--text); }
caption { text-align: left; font-weight: 600; color: var(--text); padding: 2px 0 4px; }
input.event { width: 9em; font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line); border-radius: 6px; padding: 3px 6px; }
.counter { color: var(--dim); font-variant-numeric: tabular-nums; }
label { color: var(--dim); }
canvas:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible,
.scroll:focus-visible, pre:focus-visible {
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
.row input[type="range"] { flex: 1 1 200px; min-width: 110px; accent-color: var(--accent); }
button, select {
  font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line);
  border-radius: 6px; padding: 3px 10px; cursor: pointer;
}
.status { color: var(--dim); min-height: 1.45em; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--dim); margin: 6px 0 4px; font-size: 13px; }
.legend button { border: 0; padding: 0 4px 0 0; border-radius: 4px; background: none; text-align: left; overflow-wrap: anywhere; }
.legend button[aria-pressed="true"] { color: var(--text); outline: 1px solid var(--accent); }
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
