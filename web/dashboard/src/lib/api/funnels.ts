// Funnels: their definitions, and how far visitors came.

import { list, one } from "./account";
import type { FunnelBody, FunnelRow } from "./schema";

export type FunnelDefinition = FunnelRow;

const of = (websiteId: string) => `/websites/${websiteId}/funnels`;

export const funnels = (websiteId: string) => list<FunnelDefinition>("GET", of(websiteId));
export const createFunnel = (websiteId: string, funnel: FunnelBody) => one<FunnelDefinition>("POST", of(websiteId), funnel);
export const changeFunnel = (websiteId: string, id: string, funnel: FunnelBody) =>
  one<FunnelDefinition>("PUT", `${of(websiteId)}/${id}`, funnel);
export const deleteFunnel = (websiteId: string, id: string) => one<unknown>("DELETE", `${of(websiteId)}/${id}`);
