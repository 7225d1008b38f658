// The Account API: websites, their keys and team, and one's own tokens.

import { request } from "./client";
import type {
  AuditRow,
  CreatedWebsite,
  InviteAnswer,
  KeyBody,
  KeyRow,
  MemberRow,
  PendingRow,
  Profile,
  SettingsBody,
  TokenBody,
  TokenRow,
  TrackedGoalRow,
  TrackingRow,
  WebsiteBody,
  WebsiteRow,
  WebsiteSettings,
} from "./schema";

const root = "/api/v1/admin";

export type Role = WebsiteRow["role"];
export type Website = WebsiteRow;
export type { WebsiteSettings };
export type Tracking = TrackingRow;
export type Member = MemberRow;
export type TrackedGoal = TrackedGoalRow;
export type AuditEntry = AuditRow;
export type AccountToken = TokenRow;

/** What website keys and account tokens have in common; the secret is only in the answer that makes it. */
export type Credential = Pick<KeyRow, keyof KeyRow & keyof TokenRow>;

export const list = async <T>(method: string, path: string, body?: unknown) =>
  (await request<T[]>(method, root + path, body === undefined ? {} : { body })).data;

/** Of the routes that answer one object in an array. */
export async function one<T>(method: string, path: string, body?: unknown): Promise<T> {
  const [first] = await list<T>(method, path, body);
  if (first === undefined) throw new Error(`${method} ${path} answered no row`);
  return first;
}

const of = (websiteId: string) => `/websites/${websiteId}`;

export const account = () => one<Profile>("GET", "/account");
export const renameAccount = (name: string) => one<Profile>("PUT", "/account", { name });

export const websites = () => list<Website>("GET", "/websites");
export const addWebsite = (website: WebsiteBody) => one<CreatedWebsite>("POST", "/websites", website);
export const settings = (websiteId: string) => one<WebsiteSettings>("GET", of(websiteId));
export const changeSettings = (websiteId: string, change: SettingsBody) =>
  one<WebsiteSettings>("PUT", of(websiteId), change);
export const tracking = (websiteId: string) => one<Tracking>("GET", `${of(websiteId)}/tracking`);

export const keys = (websiteId: string) => list<Credential>("GET", `${of(websiteId)}/apikeys`);
export const createKey = (websiteId: string, key: KeyBody) =>
  one<Credential>("POST", `${of(websiteId)}/apikeys`, key);
export const rollKey = (websiteId: string, keyId: string, graceSeconds: number) =>
  one<Credential>("PUT", `${of(websiteId)}/apikeys/${keyId}`, { graceSeconds });
export const deleteKey = (websiteId: string, keyId: string) =>
  one<unknown>("DELETE", `${of(websiteId)}/apikeys/${keyId}`);

export const tokens = () => list<AccountToken>("GET", "/access-tokens");
export const createToken = (token: TokenBody) => one<AccountToken>("POST", "/access-tokens", token);
export const rollToken = (tokenId: string, graceSeconds: number) =>
  one<AccountToken>("PUT", `/access-tokens/${tokenId}`, { graceSeconds });
export const deleteToken = (tokenId: string) => one<unknown>("DELETE", `/access-tokens/${tokenId}`);

export const team = (websiteId: string) => list<Member>("GET", `${of(websiteId)}/team`);
export const invite = (websiteId: string, email: string, role: Role) =>
  one<InviteAnswer>("POST", `${of(websiteId)}/team`, { email, role });
export const removeMember = (websiteId: string, userId: string) =>
  one<unknown>("DELETE", `${of(websiteId)}/team`, { userId });
export const changeRole = (websiteId: string, userId: string, role: Role) =>
  one<Member>("PATCH", `${of(websiteId)}/team/${userId}`, { role });
export const handOver = (websiteId: string, userId: string) =>
  list<Member>("POST", `${of(websiteId)}/team/owner`, { userId });
export const invitations = (websiteId: string) => list<PendingRow>("GET", `${of(websiteId)}/team/invitations`);
export const resendInvitation = (websiteId: string, invitationId: string) =>
  one<InviteAnswer>("POST", `${of(websiteId)}/team/invitations/${invitationId}/resend`);
export const withdrawInvitation = (websiteId: string, invitationId: string) =>
  one<unknown>("DELETE", `${of(websiteId)}/team/invitations/${invitationId}`);

export const trackedGoals = (websiteId: string) => list<TrackedGoal>("GET", `${of(websiteId)}/goals`);

/** Entries newest first, from the offset on; of one website, or of the account without one. */
export const auditLog = (websiteId: string | undefined, offset: number) =>
  request<AuditEntry[]>("GET", `${root}${websiteId ? of(websiteId) : ""}/audit-log`, {
    query: new URLSearchParams({ limit: "50", offset: String(offset) }),
  });
