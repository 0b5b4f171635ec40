import { MINUTE_MS } from '../plan.ts';

/** What goes wrong in a run, and when, in shares of its length. A run without any has the same windows, to compare. */
export type Trouble = 'flood' | 'region' | 'deployment';

export const TROUBLES: readonly Trouble[] = ['flood', 'region', 'deployment'];

interface Share {
  readonly from: number;
  readonly to: number;
}

export const WINDOWS: Readonly<Record<Trouble, Share>> = {
  flood: { from: 0.2, to: 0.4 },
  region: { from: 0.45, to: 0.65 },
  deployment: { from: 0.7, to: 0.9 },
};

/** After the caches have filled. */
export const WHOLE: Share = { from: 0.15, to: 1 };

/** A region is silent for half of its window, and at most so long. */
export const SILENT_MS_MAX = 15 * MINUTE_MS;
/** Tasks that are replaced at once, as a share of all, and how often. */
export const DEPLOY_SHARE = 0.05;
export const DEPLOY_EVERY_MS = 15_000;
/** Of the messages of a flood's objects: as small as a collector that was cut off for long writes them. */
export const FLOOD_OBJECT_BYTES = 1e6;
