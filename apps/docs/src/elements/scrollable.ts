// What scrolls sideways can be scrolled by keyboard.

/** Puts code and tables that are wider than the page among what the tab key reaches; again whenever widths change. */
export function makeScrollableFocusable(): void {
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    }
  });
  for (const element of document.querySelectorAll(".sl-markdown-content :is(pre, table)"))
    wide.observe(element);
}
