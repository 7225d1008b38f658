// The chart's points from the time series of a range and of the one it is compared with.

import type { Bucket, TimeSeries } from "$lib/api/analytics";
import type { Point } from "$lib/charts/time-series";
import { formatBucket, formatBucketLong } from "$lib/format/date";
import type { Interval } from "$lib/query/period";

function label(bucket: Bucket, interval: Interval, spansDays: boolean): string {
  const time = formatBucket(bucket.timestamp, interval);
  return interval === "hour" && spansDays ? `${formatBucket(bucket.timestamp, "day")} ${time}` : time;
}

/** Bucket by bucket; the compared series stands beside by position. */
export function toPoints({ data, interval }: TimeSeries, compared: TimeSeries | undefined): Point[] {
  const spansDays = data[0]?.timestamp.slice(0, 10) !== data.at(-1)?.timestamp.slice(0, 10);
  return data.map((bucket, index) => ({
    label: label(bucket, interval, spansDays),
    longLabel: formatBucketLong(bucket.timestamp, interval),
    visitors: bucket.visitors,
    compared: compared?.data[index]?.visitors,
    revenue: bucket.revenueBreakdown,
  }));
}
