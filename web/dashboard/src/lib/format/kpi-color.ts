// The colours that a website's KPI may have, by the names of the setting.

export const kpiColors: Readonly<Record<string, string>> = {
  red: "#ef4444",
  orange: "#f97316",
  yellow: "#eab308",
  green: "#22c55e",
  purple: "#a855f7",
  pink: "#ec4899",
  gray: "#6b7280",
  blue: "#3b82f6",
  teal: "#14b8a6",
  indigo: "#6366f1",
};
