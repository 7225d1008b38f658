// Visitors and their journeys.

export interface VisitorRow {
  visitorId: string;
  lastSeenAt: string;
  currentUrl: string | null;
  identity: Record<"country" | "region" | "city" | "browser" | "os" | "device", string | null>;
  acquisition: { referrer: string | null };
  isCustomer: boolean;
}

export type JourneyEvent =
  | { type: "pageview"; timestamp: string; url: string; seconds: number | null }
  | { type: "goal"; timestamp: string; name: string; metadata?: Record<string, string> }
  | { type: "link"; timestamp: string; url: string }
  | { type: "payment"; timestamp: string; amount: number; currency: string; kind: string };

export interface JourneySession {
  visitorId: string;
  startedAt: string | null;
  endedAt: string | null;
  referrer: string | null;
  source: string | null;
  channel: string | null;
  entryPage: string | null;
  events: JourneyEvent[];
}

export interface Visitor {
  visitorId: string;
  identity: {
    country: string | null;
    countryCode: string | null;
    region: string | null;
    city: string | null;
    params: Record<string, string | null>;
    browser: { name: string | null; version: string | null };
    os: { name: string | null; version: string | null };
    device: { type: string | null };
    viewport: { width: number; height: number } | null;
  };
  activity: {
    visitCount: number;
    pageViewCount: number;
    firstVisitAt: string;
    lastVisitAt: string;
    currentUrl: string | null;
    visitedPages: { url: string; timestamp: string }[];
    completedGoals: { name: string; timestamp: string; metadata?: Record<string, string> }[];
  };
  timeline?: JourneySession[];
  profile?: {
    userId: string;
    name?: string | null;
    image?: string | null;
    metadata: Record<string, unknown>;
    identifiedAt: string;
  };
}
