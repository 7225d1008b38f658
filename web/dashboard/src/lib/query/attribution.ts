// Which session gets the credit of a payment.

export const attributions = [
  { key: "last_non_direct", label: "Last session that was not direct" },
  { key: "first_touch", label: "First touch" },
  { key: "last_touch", label: "Last touch" },
] as const;

export type Attribution = (typeof attributions)[number]["key"];

export const isAttribution = (text: string | null): text is Attribution =>
  attributions.some(({ key }) => key === text);
