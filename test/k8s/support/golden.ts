import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { POD, podEvent, RUNTIME_TIME } from './pod-event.ts';
import type { Event } from './vrl.ts';

/** One line and the record that has to become of it; `golden/*.yaml` are lists of these. */
const goldenLine = z.strictObject({
  what: z.string(),
  line: z.string().default('hello'),
  runtime: z.string().default(RUNTIME_TIME),
  /** The event's time; the runtime's when it is left out. */
  time: z.string().optional(),
  level: z.string().optional(),
  pod: z
    .strictObject({
      podLabels: z.record(z.string(), z.string()).optional(),
      namespaceLabels: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
  /** Members that differ from those of POD; null when the record has no tenant. */
  record: z.record(z.string(), z.string()).nullable().default({}),
});
export type GoldenLine = z.output<typeof goldenLine>;

const folder = new URL('../golden/', import.meta.url);

/** All golden lines, file by file. */
export function readGolden(): { readonly file: string; readonly lines: readonly GoldenLine[] }[] {
  return readdirSync(folder)
    .sort()
    .map((file) => ({
      file,
      lines: z.array(goldenLine).parse(parse(readFileSync(new URL(file, folder), 'utf8'))),
    }));
}

/**
 * The event that Vector's source makes of a golden line, at its own time or another.
 * @param run number of the container's run, which names the file: lines of one file may be joined
 */
export function goldenEvent({ line, pod, runtime }: GoldenLine, run: number, timestamp = runtime): Event {
  const labels = {
    podLabels: pod.podLabels ?? POD.podLabels,
    namespaceLabels: pod.namespaceLabels ?? POD.namespaceLabels,
  };
  return podEvent(line, { ...POD, ...labels, run }, timestamp);
}
