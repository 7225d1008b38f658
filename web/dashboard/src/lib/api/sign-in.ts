// The dashboard's own routes: accounts, sign-in and what protects them.

import { request } from "./client";
import type {
  Enrolment,
  InvitationRow,
  JoinedRow,
  RecoveryCodes,
  ResetAnswer,
  SecurityRow,
  SignInRow,
  StateRow,
  TokenBody,
  UserRow,
  Vocabulary,
  WaitingDeviceRow,
} from "./schema";

export type AppState = StateRow;
export type Security = SecurityRow;
export type SignInSession = SignInRow;
export type InvitationView = InvitationRow;
export type WaitingDevice = WaitingDeviceRow;
export type PermissionVocabulary = Vocabulary;

const get = async <T>(path: string) => (await request<T>("GET", path)).data;
const post = async <T>(path: string, body: unknown = {}) => (await request<T>("POST", path, { body })).data;
const remove = async <T>(path: string, body?: unknown) =>
  (await request<T>("DELETE", path, body === undefined ? {} : { body })).data;

interface Credentials {
  email: string;
  password: string;
  code?: string;
}

export const appState = () => get<AppState>("/api/app/state");
export const permissionVocabulary = () => get<PermissionVocabulary>("/api/app/permissions");
export const deleteWebsite = (websiteId: string, domain: string) =>
  remove<unknown>(`/api/app/websites/${websiteId}`, { domain });

export const createFirstAccount = (account: { secret: string; name: string; email: string; password: string }) =>
  post<UserRow>("/api/auth/first-run", account);
export const signIn = (credentials: Credentials) => post<UserRow>("/api/auth/sign-in", credentials);
export const signOut = () => post<unknown>("/api/auth/sign-out");
export const signOutEverywhere = () => post<unknown>("/api/auth/sign-out-everywhere");

export const requestReset = (email: string) => post<ResetAnswer>("/api/auth/reset", { email });
export const confirmReset = (secret: string, password: string) =>
  post<unknown>("/api/auth/reset/confirm", { secret, password });

export const viewInvitation = (secret: string) => post<InvitationView>("/api/auth/invitations/view", { secret });
export const acceptInvitation = (secret: string, account?: { name: string; password: string }) =>
  post<JoinedRow>("/api/auth/invitations/accept", { secret, ...account });

export const security = () => get<Security>("/api/auth/security");
export const signInSessions = () => get<SignInSession[]>("/api/auth/sessions");
export const endSession = (id: string) => remove<unknown>(`/api/auth/sessions/${id}`);
export const changePassword = (current: string, password: string) =>
  post<unknown>("/api/auth/password", { current, password });

export const startTOTP = (password: string) => post<Enrolment>("/api/auth/totp", { password });
export const confirmTOTP = (code: string) => post<RecoveryCodes>("/api/auth/totp/confirm", { code });
export const disableTOTP = (password: string) => post<unknown>("/api/auth/totp/disable", { password });
export const renewRecoveryCodes = (password: string) =>
  post<RecoveryCodes>("/api/auth/totp/recovery-codes", { password });

const device = (userCode: string) => `/api/app/devices/${encodeURIComponent(userCode)}`;
export const waitingDevice = (userCode: string) => get<WaitingDevice>(device(userCode));
export const approveDevice = (userCode: string, token: TokenBody) => post<unknown>(device(userCode), token);
export const denyDevice = (userCode: string) => remove<unknown>(device(userCode));
