import type { Role } from "$lib/api/account";

/** The roles that the owner gives. */
export const memberRoles: readonly { value: Role; label: string }[] = [
  { value: "viewer", label: "Viewer" },
  { value: "member", label: "Member" },
];
