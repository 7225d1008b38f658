// Calendar days without a zone, as "YYYY-MM-DD". The server reads them in the website's
// zone, so days of 23 and 25 hours need no care here: a day is a day.

const dayMS = 86_400_000;

const toUTC = (day: string) => Date.parse(`${day}T00:00:00Z`);
const fromUTC = (time: number) => new Date(time).toISOString().slice(0, 10);

/** The calendar day on which an instant falls in a zone. */
export function dayIn(zone: string, instant: Date): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(instant);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
}

export const addDays = (day: string, count: number) => fromUTC(toUTC(day) + count * dayMS);

/** Days from the first to the last, both included. */
export const countDays = (from: string, to: string) => (toUTC(to) - toUTC(from)) / dayMS + 1;

/** The same day some months later; a day that the month lacks becomes its last. */
export function addMonths(day: string, count: number): string {
  const date = new Date(toUTC(day));
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1);
  const length = Number(endOfMonth(fromUTC(first)).slice(8));
  return fromUTC(first + (Math.min(date.getUTCDate(), length) - 1) * dayMS);
}

export const startOfMonth = (day: string) => `${day.slice(0, 7)}-01`;

export function endOfMonth(day: string): string {
  const date = new Date(toUTC(day));
  return fromUTC(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0));
}

export const startOfYear = (day: string) => `${day.slice(0, 4)}-01-01`;

/** The Monday of the day's week. */
export function startOfWeek(day: string): string {
  const weekday = new Date(toUTC(day)).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

/** Whether the text is a day of the calendar, in the form of this module. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(toUTC(text)) && fromUTC(toUTC(text)) === text;
}
