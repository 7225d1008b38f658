// How long a token or key lives.

const day = 86_400_000;

export const lives = [
  { value: "", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

/** The field of a body for a choice among lives; none for never. */
export const expiry = (days: string) =>
  days ? { expiresAt: new Date(Date.now() + Number(days) * day).toISOString() } : {};
