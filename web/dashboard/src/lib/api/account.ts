// The Account API: websites, their keys and team, and one's own tokens.

import { request } from "./client";

const root = "/api/v1/admin";

export type Role = "viewer" | "member" | "owner";

export interface Account {
  _id: string;
  name: string | null;
  email: string;
}

export interface Website {
  _id: string;
  domain: string;
  name: string | null;
  trackingId: string;
  timezone: string;
  currency: string;
  role: Role;
  createdAt: string;
}

export interface WebsiteSettings extends Website {
  kpi: string | null;
  kpiColorScheme: string;
  revenueMetric: "revenue" | "mrr";
  attribution: "last_non_direct" | "first_touch" | "last_touch";
  isCookieless: boolean;
  isAttackModeEnabled: boolean;
  includeRenewalRevenue: boolean;
  respectGpc: boolean;
  allowedHostnames: string[];
  isAllHostnamesAllowed: boolean;
  excludedIps: string[];
  excludedPaths: string[];
  excludedCountries: string[];
  excludedHostnames: string[];
}

export type SettingsChange = Partial<Omit<WebsiteSettings, "_id" | "trackingId" | "role" | "createdAt">>;

export interface Tracking {
  firstEventAt: string | null;
  lastEventAt: string | null;
  dropped: Record<string, number>;
  refusedHosts: string[];
}

/** What website keys and account tokens have in common. */
export interface Credential {
  _id: string;
  name: string | null;
  displayKey: string;
  lastUsedAt: string | null;
  createdAt: string;
  expiresAt?: string | null;
  lastUsedIp?: string | null;
  unusedPermissions?: string[] | null;
  createdBy?: { userId: string; name: string | null; token: string | null } | null;
  /** The secret itself; only in the answer to creation and roll. */
  key?: string;
}

export interface AccountToken extends Credential {
  permissions: string[];
  websiteIds: string[];
}

export interface NewToken {
  name: string | null;
  permissions: string[];
  websiteIds: string[];
  expiresAt?: string;
}

export interface Member {
  userId: string;
  name: string | null;
  email: string;
  role: Role;
  joinedAt: string;
}

export interface Invitation {
  invitationId: string;
  email: string;
  role: Role;
  createdAt: string;
  expiresAt: string;
  inviteUrl?: string;
}

export interface TrackedGoal {
  goalName: string;
  displayName: string | null;
}

export interface AuditEntry {
  id: string;
  timestamp: string;
  actor: { name: string | null; email: string | null; token: { displayKey: string } | null } | null;
  ip: string | null;
  action: string;
  target: unknown;
  before: unknown;
  after: unknown;
}

export const list = async <T>(method: string, path: string, body?: unknown) =>
  (await request<T[]>(method, root + path, body === undefined ? {} : { body })).data;

/** Of the routes that answer one object in an array. */
export async function one<T>(method: string, path: string, body?: unknown): Promise<T> {
  const [first] = await list<T>(method, path, body);
  if (first === undefined) throw new Error(`${method} ${path} answered no row`);
  return first;
}

const of = (websiteId: string) => `/websites/${websiteId}`;

export const account = () => one<Account>("GET", "/account");
export const renameAccount = (name: string) => one<Account>("PUT", "/account", { name });

export const websites = () => list<Website>("GET", "/websites");
export const addWebsite = (website: { domain: string; timezone: string; name?: string }) =>
  one<{ websiteId: string; domain: string; trackingId: string }>("POST", "/websites", website);
export const settings = (websiteId: string) => one<WebsiteSettings>("GET", of(websiteId));
export const changeSettings = (websiteId: string, change: SettingsChange) =>
  one<WebsiteSettings>("PUT", of(websiteId), change);
export const tracking = (websiteId: string) => one<Tracking>("GET", `${of(websiteId)}/tracking`);

export const keys = (websiteId: string) => list<Credential>("GET", `${of(websiteId)}/apikeys`);
export const createKey = (websiteId: string, name: string) =>
  one<Credential>("POST", `${of(websiteId)}/apikeys`, name ? { name } : {});
export const rollKey = (websiteId: string, keyId: string, graceSeconds: number) =>
  one<Credential>("PUT", `${of(websiteId)}/apikeys/${keyId}`, { graceSeconds });
export const deleteKey = (websiteId: string, keyId: string) =>
  one<unknown>("DELETE", `${of(websiteId)}/apikeys/${keyId}`);

export const tokens = () => list<AccountToken>("GET", "/access-tokens");
export const createToken = (token: NewToken) => one<AccountToken>("POST", "/access-tokens", token);
export const rollToken = (tokenId: string, graceSeconds: number) =>
  one<AccountToken>("PUT", `/access-tokens/${tokenId}`, { graceSeconds });
export const deleteToken = (tokenId: string) => one<unknown>("DELETE", `/access-tokens/${tokenId}`);

export const team = (websiteId: string) => list<Member>("GET", `${of(websiteId)}/team`);
export const invite = (websiteId: string, email: string, role: Role) =>
  one<Invitation>("POST", `${of(websiteId)}/team`, { email, role });
export const removeMember = (websiteId: string, userId: string) =>
  one<unknown>("DELETE", `${of(websiteId)}/team`, { userId });
export const changeRole = (websiteId: string, userId: string, role: Role) =>
  one<Member>("PATCH", `${of(websiteId)}/team/${userId}`, { role });
export const handOver = (websiteId: string, userId: string) =>
  list<Member>("POST", `${of(websiteId)}/team/owner`, { userId });
export const invitations = (websiteId: string) => list<Invitation>("GET", `${of(websiteId)}/team/invitations`);
export const resendInvitation = (websiteId: string, invitationId: string) =>
  one<Invitation>("POST", `${of(websiteId)}/team/invitations/${invitationId}/resend`);
export const withdrawInvitation = (websiteId: string, invitationId: string) =>
  one<unknown>("DELETE", `${of(websiteId)}/team/invitations/${invitationId}`);

export const trackedGoals = (websiteId: string) => list<TrackedGoal>("GET", `${of(websiteId)}/goals`);

/** Entries newest first, from the offset on; of one website, or of the account without one. */
export const auditLog = (websiteId: string | undefined, offset: number) =>
  request<AuditEntry[]>("GET", `${root}${websiteId ? of(websiteId) : ""}/audit-log`, {
    query: new URLSearchParams({ limit: "50", offset: String(offset) }),
  });
