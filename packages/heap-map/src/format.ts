// Numbers as the pictures and their text twins show them.

const UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;

/** `12 bytes`, `244.0 KiB`, `-1.5 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 0) return `-${bytesText(-bytes)}`;
  if (bytes < 1024) return `${Math.round(bytes)} bytes`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** With commas between thousands. */
export const countText = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

/** `0.4 %`, `42 %`. */
export function percentText(share: number): string {
  const percent = share * 100;
  return `${Math.abs(percent) < 10 && percent !== 0 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** Nanoseconds as seconds with two decimals. */
export const secondsText = (nanoseconds: number): string => `${(nanoseconds / 1e9).toFixed(2)} s`;

export const addressText = (address: number): string => `0x${address.toString(16)}`;
