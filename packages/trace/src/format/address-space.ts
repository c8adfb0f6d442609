/** Gives recorded addresses a place in 32 bits. */
export interface AddressSpace {
  /**
   * The linear address of the page that begins at `pageBase`, or 0 when it does not lie wholly in an arena. Pages stay
   * whole: the offset in the page is kept. Asked when a page is named.
   */
  linearPage(pageBase: number): number;
}
