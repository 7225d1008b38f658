// The drawing of a time series: visitors as a line, what they are compared with as a
// dashed one, revenue as bars on an axis of its own. Loaded when the first chart shows.

import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, TooltipComponent, SVGRenderer]);

export interface Point {
  label: string;
  longLabel: string;
  visitors: number;
  compared?: number | undefined;
  revenue: { new: number; renewal: number; refund: number };
}

export interface Look {
  hasRevenue: boolean;
  formatMoney: (value: number) => string;
  formatCount: (value: number) => string;
}

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Custom properties keep light-dark() as it is written; a probe tells what it means now. */
function palette() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const resolve = (name: string) => {
    probe.style.color = colour(name);
    return getComputedStyle(probe).color;
  };
  const colours = {
    accent: resolve("--accent"),
    money: resolve("--money"),
    bad: resolve("--bad"),
    line: resolve("--line"),
    muted: resolve("--muted"),
    text: resolve("--text"),
    raised: resolve("--raised"),
  };
  probe.remove();
  return colours;
}

type Palette = ReturnType<typeof palette>;

const withAlpha = (rgb: string, alpha: number) => rgb.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

function tooltipLines(point: Point, look: Look): HTMLElement {
  const box = document.createElement("div");
  const add = (text: string, isTitle = false) => {
    const line = document.createElement("div");
    line.textContent = text;
    line.style.fontWeight = isTitle ? "600" : "400";
    box.append(line);
  };
  add(point.longLabel, true);
  add(`Visitors: ${look.formatCount(point.visitors)}`);
  if (point.compared !== undefined) add(`Before: ${look.formatCount(point.compared)}`);
  if (look.hasRevenue) {
    add(`New revenue: ${look.formatMoney(point.revenue.new)}`);
    add(`Renewals: ${look.formatMoney(point.revenue.renewal)}`);
    if (point.revenue.refund > 0) add(`Refunds: −${look.formatMoney(point.revenue.refund)}`);
  }
  return box;
}

function line(name: string, data: (number | undefined)[], colours: Palette, isMain: boolean) {
  return {
    name,
    type: "line" as const,
    data: data.map((value) => value ?? null),
    showSymbol: data.length === 1,
    symbolSize: 6,
    smooth: 0.25,
    smoothMonotone: "x" as const,
    lineStyle: { width: isMain ? 2.2 : 1.5, color: isMain ? colours.accent : colours.muted, type: isMain ? "solid" : "dashed" } as const,
    itemStyle: { color: isMain ? colours.accent : colours.muted },
    ...(isMain ? { areaStyle: { color: withAlpha(colours.accent, 0.12) } } : {}),
    z: isMain ? 3 : 2,
  };
}

const bars = (name: string, data: number[], color: string) => ({
  name,
  type: "bar" as const,
  yAxisIndex: 1,
  stack: "revenue",
  data,
  barMaxWidth: 18,
  itemStyle: { color },
});

function options(points: Point[], look: Look) {
  const colours = palette();
  const axis = { axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: colours.muted, hideOverlap: true } };
  return {
    animation: false,
    grid: { left: 8, right: 8, top: 16, bottom: 4, containLabel: true },
    tooltip: {
      trigger: "axis" as const,
      confine: true,
      backgroundColor: colours.raised,
      borderColor: colours.line,
      textStyle: { color: colours.text, fontSize: 13 },
      formatter: (hovered: unknown) => {
        const [first] = Array.isArray(hovered) ? (hovered as { dataIndex: number }[]) : [];
        const point = first ? points[first.dataIndex] : undefined;
        return point ? tooltipLines(point, look) : "";
      },
    },
    xAxis: { type: "category" as const, data: points.map(({ label }) => label), boundaryGap: look.hasRevenue || points.length === 1, ...axis },
    yAxis: [
      { type: "value" as const, minInterval: 1, splitLine: { lineStyle: { color: colours.line } }, ...axis },
      { type: "value" as const, show: look.hasRevenue, splitLine: { show: false }, ...axis, axisLabel: { color: colours.muted, formatter: look.formatMoney } },
    ],
    series: [
      line("Visitors", points.map(({ visitors }) => visitors), colours, true),
      line("Before", points.map(({ compared }) => compared), colours, false),
      ...(look.hasRevenue
        ? [
            bars("New revenue", points.map(({ revenue }) => revenue.new), withAlpha(colours.money, 0.75)),
            bars("Renewals", points.map(({ revenue }) => revenue.renewal), withAlpha(colours.money, 0.4)),
            bars("Refunds", points.map(({ revenue }) => -revenue.refund), withAlpha(colours.bad, 0.6)),
          ]
        : []),
    ],
  };
}

export class TimeSeriesChart {
  readonly #chart: EChartsType;
  readonly #resized: ResizeObserver;

  constructor(element: HTMLElement) {
    this.#chart = init(element, undefined, { renderer: "svg" });
    this.#resized = new ResizeObserver(() => this.#chart.resize());
    this.#resized.observe(element);
  }

  draw(points: Point[], look: Look): void {
    this.#chart.setOption(options(points, look), { notMerge: true });
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#chart.dispose();
  }
}
