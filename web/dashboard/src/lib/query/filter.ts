// Filters, in the grammar of the API: filter_<name>=[<operator>:]<value>[,<value>…].
// The page's URL uses the same text, so that it can be handed on as it is.

export type Operator = "is" | "is_not" | "contains" | "does_not_contain" | "gte" | "lte";

interface FilterKind {
  name: string;
  label: string;
  operators: readonly Operator[];
}

const exact = ["is", "is_not"] as const;
const text = ["is", "is_not", "contains", "does_not_contain"] as const;

export const filterKinds: readonly FilterKind[] = [
  { name: "page", label: "Page", operators: text },
  { name: "entry_page", label: "Entry page", operators: text },
  { name: "exit_link", label: "Exit link", operators: text },
  { name: "hostname", label: "Hostname", operators: exact },
  { name: "channel", label: "Channel", operators: exact },
  { name: "referrer", label: "Referrer", operators: exact },
  { name: "country", label: "Country", operators: exact },
  { name: "region", label: "Region", operators: exact },
  { name: "city", label: "City", operators: exact },
  { name: "device", label: "Device", operators: exact },
  { name: "browser", label: "Browser", operators: exact },
  { name: "os", label: "OS", operators: exact },
  { name: "goal", label: "Goal", operators: exact },
  { name: "utm_campaign", label: "utm_campaign", operators: exact },
  { name: "utm_source", label: "utm_source", operators: exact },
  { name: "utm_medium", label: "utm_medium", operators: exact },
  { name: "utm_term", label: "utm_term", operators: exact },
  { name: "utm_content", label: "utm_content", operators: exact },
  { name: "ref", label: "ref", operators: exact },
  { name: "source", label: "source", operators: exact },
  { name: "via", label: "via", operators: exact },
  { name: "visit_count", label: "Sessions of the visitor", operators: ["is", "is_not", "gte", "lte"] },
  { name: "visitor_type", label: "New or returning", operators: ["is"] },
  { name: "customer", label: "Customer", operators: ["is"] },
];

export const operatorLabels: Record<Operator, string> = {
  is: "is",
  is_not: "is not",
  contains: "contains",
  does_not_contain: "does not contain",
  gte: "at least",
  lte: "at most",
};

export interface Filter {
  name: string;
  operator: Operator;
  values: string[];
}

const isOperator = (word: string): word is Operator => Object.hasOwn(operatorLabels, word);

const escape = (value: string) => value.replaceAll(",", "\\,");

/** Split at commas; a backslash takes the comma behind it into the value. */
function splitValues(list: string): string[] {
  const values = list.match(/(?:\\,|[^,])+/g) ?? [];
  return values.map((value) => value.replaceAll("\\,", ",")).filter((value) => value.trim() !== "");
}

export const kindOf = (name: string) => filterKinds.find((kind) => kind.name === name);

/** The parameter's value; the operator is always written, so that no value is taken for one. */
export const formatFilter = ({ operator, values }: Filter) => `${operator}:${values.map(escape).join(",")}`;

export function parseFilter(name: string, given: string): Filter | undefined {
  const kind = kindOf(name);
  if (!kind) return undefined;
  const [word = ""] = given.split(":", 1);
  const isWord = isOperator(word) && given.includes(":");
  const operator = isWord ? word : "is";
  const values = splitValues(isWord ? given.slice(word.length + 1) : given);
  return values.length > 0 && kind.operators.includes(operator) ? { name, operator, values } : undefined;
}

export const describeFilter = ({ name, operator, values }: Filter) =>
  `${kindOf(name)?.label ?? name} ${operatorLabels[operator]} ${values.join(" or ")}`;

const isSame = (one: Filter, other: Filter) =>
  one.name === other.name && formatFilter(one) === formatFilter(other);

export const hasFilter = (filters: Filter[], filter: Filter) => filters.some((each) => isSame(each, filter));

export const withoutFilter = (filters: Filter[], filter: Filter) => filters.filter((each) => !isSame(each, filter));

/** Add the filter, or take it away when it is there: what a click on a row does. */
export const toggleFilter = (filters: Filter[], filter: Filter) =>
  hasFilter(filters, filter) ? withoutFilter(filters, filter) : [...filters, filter];
