// Choosing permissions for a token.

interface Permission {
  name: string;
  /** The write that includes this read. */
  includedBy: string | null;
}

/** Whether what is chosen holds the permission already. */
export const isImplied = ({ name, includedBy }: Permission, chosen: string[]) =>
  (name !== "*" && chosen.includes("*")) || (includedBy !== null && chosen.includes(includedBy));

/** Everything stands alone: choosing it drops the rest. */
export function togglePermission(chosen: string[], name: string): string[] {
  if (chosen.includes(name)) return chosen.filter((each) => each !== name);
  return name === "*" ? ["*"] : [...chosen, name];
}
