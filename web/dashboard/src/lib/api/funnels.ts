// Funnels: their definitions, and how far visitors came.

import { list, one } from "./account";

export type FunnelStep =
  | { id?: string; name: string; type: "pageview"; url: string }
  | { id?: string; name: string; type: "goal"; goalName: string };

export interface FunnelDefinition {
  _id: string;
  name: string;
  steps: FunnelStep[];
}

export interface FunnelReport {
  totalVisitors: number;
  completedVisitors: number;
  conversionRate: number;
  revenue: number;
  currency: string;
  steps: ReachedStep[];
}

export interface ReachedStep {
  id: string;
  name: string;
  visitors: number;
  conversionRate: number;
  stepConversionRate: number;
  dropOff: number;
  medianTimeFromPrevious?: number | null;
}

type Draft = Pick<FunnelDefinition, "name" | "steps">;

const of = (websiteId: string) => `/websites/${websiteId}/funnels`;

export const funnels = (websiteId: string) => list<FunnelDefinition>("GET", of(websiteId));
export const createFunnel = (websiteId: string, funnel: Draft) => one<FunnelDefinition>("POST", of(websiteId), funnel);
export const changeFunnel = (websiteId: string, id: string, funnel: Draft) =>
  one<FunnelDefinition>("PUT", `${of(websiteId)}/${id}`, funnel);
export const deleteFunnel = (websiteId: string, id: string) => one<unknown>("DELETE", `${of(websiteId)}/${id}`);
