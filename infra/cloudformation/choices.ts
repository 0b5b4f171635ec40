import type { Config } from '../config/config.ts';
import { FARGATE_MEMORY } from '../config/rules.ts';

/** Values that a form offers, and how long its lists are. */

/** Slots for lists whose elements need resources or conditions of their own: a template cannot count. */
export const SLOTS = { emails: 10, metricsSources: 3, actualPercents: 3, forecastPercents: 2 };
export const BUFFER_INTERVALS_SECONDS = [60, 120, 180, 240, 300, 600, 900];
export const PARQUET_BLOCKS_MB = [64, 96, 128, 192, 256];
export const SPOT_PERCENTS = [0, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 100];
export const QUEUE_RETENTION_DAYS = Array.from({ length: 14 }, (_, at) => at + 1);
export const CPU_UNITS = Object.keys(FARGATE_MEMORY).map(Number);
export const MEMORY_MB = [...new Set(CPU_UNITS.flatMap(memorySizesOf))].sort((a, b) => a - b);

/** Memory sizes in MB that Fargate has for a size of CPU. */
export function memorySizesOf(cpuUnits: number): readonly number[] {
  const [from, to, step] = FARGATE_MEMORY[cpuUnits] ?? [0, -1, 1];
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);
}

/** Alerts on what was spent, and on what will have been. */
export const actualPercents = (config: Config) => config.budget.alertPercents.filter((percent) => percent <= 100);
export const forecastPercents = (config: Config) => config.budget.alertPercents.filter((percent) => percent > 100);
