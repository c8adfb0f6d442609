// The report's own look; the pictures bring theirs.

export const PAGE_CSS = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e6e9ee); --dim: light-dark(#57606a, #9aa4b2);
  --line: light-dark(#d0d7de, #3a4150); --page: light-dark(#f6f8fa, #0e1116); --card: light-dark(#ffffff, #161a20);
  --held: light-dark(#b35900, #f0a34a); --good: light-dark(#1a7f37, #57c26e); --link: light-dark(#0b6bcb, #58a6ff);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 20px 16px 60px; }
header, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 20px; margin-bottom: 16px; }
h1 { font-size: 15px; font-weight: 600; color: var(--dim); margin: 0 0 6px; }
h2 { font-size: 18px; margin: 0 0 10px; }
.verdict { font-size: 21px; line-height: 1.4; margin: 0 0 8px; } header { overflow-wrap: anywhere; }
.dim { color: var(--dim); } .saving { color: var(--good); font-weight: 600; white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; width: 100%; }
th, td { padding: 4px 14px 4px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; } .number { text-align: right; } td.number { white-space: nowrap; }
td.where { overflow-wrap: anywhere; min-width: 16em; font-family: ui-monospace, monospace; font-size: 13px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 0; } dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
.ages { fill: var(--link); vertical-align: middle; }
@media (max-width: 600px) {
  header, section { padding: 12px; } dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; }
  table, tbody { display: block; } thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: flex; flex-wrap: wrap; gap: 0 16px; padding: 8px 0; border-bottom: 1px solid var(--line); }
  td { display: block; flex: 0 1 auto; padding: 1px 0; border: 0; min-width: 0; overflow-wrap: anywhere; } td:empty { display: none; }
  td::before { content: attr(data-heading) " "; color: var(--dim); }
  td.where { order: -1; flex-basis: 100%; min-width: 0; word-break: break-all; } td.where::before { content: none; }
}
`;
