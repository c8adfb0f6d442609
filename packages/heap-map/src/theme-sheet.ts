// The theme as one style sheet that all elements adopt: a page whose policy allows no inline styles allows this.

import { type Palette, THEME_CSS } from "./theme.ts";

let sheet: CSSStyleSheet | undefined;

export function themeSheet(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(THEME_CSS);
  }
  return sheet;
}

const COLORS = ["text", "dim", "line", "surface", "used", "held", "other", "good", "accent"] as const;

/** Reads what the theme's custom properties have become in an element. */
export class ThemeProbe {
  readonly element = document.createElement("span");

  palette(): Palette {
    const color = (name: string) => {
      this.element.style.color = `var(--${name})`;
      return getComputedStyle(this.element).color;
    };
    return Object.fromEntries(COLORS.map((name) => [name, color(name)])) as Record<
      (typeof COLORS)[number],
      string
    >;
  }
}

/** By the page's `color-scheme`: a page that says nothing is light. */
export function isDarkIn(element: Element): boolean {
  const scheme = getComputedStyle(element).colorScheme;
  if (!scheme.includes("dark")) return false;
  return !scheme.includes("light") || matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Calls `act` whenever the colours of a page may have changed; ends with the signal. */
export function onSchemeChange(act: () => void, signal: AbortSignal): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act, { signal });
  const observer = new MutationObserver(act);
  observer.observe(document.documentElement, { attributes: true });
  signal.addEventListener("abort", () => observer.disconnect());
}
