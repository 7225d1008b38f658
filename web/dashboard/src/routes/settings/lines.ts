// Lists are edited one entry a line.

export const toLines = (entries: string[]) => entries.join("\n");

export const fromLines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
