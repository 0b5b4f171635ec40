import { z } from 'zod';
import { reduce } from './reduce.ts';
import {
  type ConfigComponent,
  configOf,
  type Overlay,
  type VectorComponent,
  type VectorConfig,
  vrlFile,
} from './vector-config.ts';
import { reduceTransform } from './vector-reference.ts';
import { type Event, holds, runVrl } from './vrl.ts';

const remap = z.union([
  z.object({ source: z.string() }).transform(({ source }) => ({ source, files: [] as string[] })),
  z.object({ file: z.string() }).transform(({ file }) => ({ source: undefined, files: [file] })),
  z.object({ files: z.array(z.string()) }).transform(({ files }) => ({ source: undefined, files })),
]);
const route = z.object({ route: z.record(z.string(), z.string()), reroute_unmatched: z.boolean().default(true) });

/** The text of a `remap` transform's program. Vector joins files by a line break. */
export function programOf(overlay: Overlay, transform: VectorComponent): string {
  const { source, files } = remap.parse(transform);
  return source ?? files.map((file) => vrlFile(overlay, file)).join('\n');
}

/**
 * Sends events of a source through an overlay's transforms.
 * @returns what arrives at each sink and at each `log_to_metric` transform, by its name
 */
export function runPipeline(
  overlay: Overlay,
  source: string,
  events: readonly Event[],
  components: readonly ConfigComponent[] = [],
): Map<string, Event[]> {
  return runConfig(configOf(overlay, undefined, components), overlay, source, events);
}

/** The same through any configuration; the overlay says where its programs are. */
export function runConfig(
  { transforms, sinks }: VectorConfig,
  overlay: Overlay,
  source: string,
  events: readonly Event[],
): Map<string, Event[]> {
  const arrived = new Map<string, Event[]>();
  const send = (output: string, batch: readonly Event[]) => {
    if (batch.length === 0) return;
    for (const [name, sink] of Object.entries(sinks)) if (sink.inputs.includes(output)) arrive(name, batch);
    for (const [name, transform] of Object.entries(transforms)) {
      if (transform.inputs.includes(output)) pass(name, transform, batch);
    }
  };
  const arrive = (name: string, batch: readonly Event[]) => arrived.set(name, [...(arrived.get(name) ?? []), ...batch]);
  const pass = (name: string, transform: VectorComponent, batch: readonly Event[]) => {
    switch (transform.type) {
      case 'remap':
        return send(name, runVrl(programOf(overlay, transform), batch).flat());
      case 'route':
        return sendRoutes(name, route.parse(transform), batch);
      case 'reduce':
        return send(name, reduce(reduceTransform.parse(transform), batch));
      // Below its threshold, which is a rate: the tests have no clock.
      case 'throttle':
        return send(name, batch);
      case 'log_to_metric':
        return arrive(name, batch);
      default:
        throw new Error(`the transform ${name} is of a type that this pipeline does not know: ${transform.type}`);
    }
  };
  const sendRoutes = (name: string, routes: z.output<typeof route>, batch: readonly Event[]) => {
    const matched = new Set<number>();
    for (const [output, condition] of Object.entries(routes.route)) {
      const holding = holds(condition, batch);
      send(
        `${name}.${output}`,
        batch.filter((_event, at) => holding[at]),
      );
      for (const at of holding.keys()) if (holding[at]) matched.add(at);
    }
    if (!routes.reroute_unmatched) return;
    send(
      `${name}._unmatched`,
      batch.filter((_event, at) => !matched.has(at)),
    );
  };
  send(source, events);
  return arrived;
}
