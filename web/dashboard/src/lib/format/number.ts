// Numbers as people read them.

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** 8,421 up to 99,999; then 120.3K. */
export const formatCount = (value: number) => (Math.abs(value) < 100_000 ? plain.format(value) : compact.format(value));

/** Every digit, for tooltips and tables. */
export const formatExact = (value: number) => plain.format(value);

/** A percentage that is given as one: 61.4 → 61.4%. */
export const formatPercent = (value: number) => `${plain.format(Math.round(value * 10) / 10)}%`;

/** A share of a whole; something small is not nothing. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return "0%";
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 0.1 ? "<0.1%" : formatPercent(Math.min(percent, 100));
}

/** Money in major units, cents only below a thousand, with the website's symbol, or its code where there is none. */
export function formatMoney(value: number, symbol: string): string {
  const amount = Math.abs(value) < 100_000 ? money(value) : compact.format(Math.abs(value));
  const sign = value < 0 ? "−" : "";
  return symbol.length > 1 && /^[A-Z]+$/.test(symbol) ? `${sign}${amount} ${symbol}` : `${sign}${symbol}${amount}`;
}

function money(value: number): string {
  const hasCents = !Number.isInteger(value) && Math.abs(value) < 1000;
  const digits = hasCents ? 2 : 0;
  return Math.abs(value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Milliseconds as 45s, 3m 04s, 1h 12m. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const pad = (value: number) => String(value).padStart(2, "0");
  return minutes < 60 ? `${minutes}m ${pad(seconds % 60)}s` : `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

/** A change as +12%, −3.4%. */
export function formatChange(share: number): string {
  const percent = share * 100;
  const digits = Math.abs(percent) < 10 ? 1 : 0;
  const text = Math.abs(percent).toLocaleString("en", { maximumFractionDigits: digits });
  if (text === "0") return "0%";
  return `${percent < 0 ? "−" : "+"}${text}%`;
}
