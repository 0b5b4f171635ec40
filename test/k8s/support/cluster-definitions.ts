import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { until } from '../../support/until.ts';
import { accepted, type Client } from './cluster-client.ts';
import { kubernetesObject } from './kustomize.ts';

/** Copied by `.ci/cluster` out of the modules of KEDA and the Prometheus Operator. */
const folder = new URL('../../../.local/go/cluster/definitions/', import.meta.url);

const definition = kubernetesObject.extend({
  spec: z.looseObject({
    group: z.string(),
    names: z.looseObject({ kind: z.string() }),
    versions: z.array(z.looseObject({ name: z.string(), served: z.boolean() })),
  }),
});
const condition = z.object({ type: z.string(), status: z.string() });
/** Conditions are null before there are any. */
const state = z.object({ status: z.object({ conditions: z.array(condition).nullish() }).optional() });

/** Kinds that k8s/ uses and Kubernetes does not bring. */
const KINDS = ['PodMonitor', 'PrometheusRule', 'ScaledObject', 'ServiceMonitor', 'TriggerAuthentication'];

/** Lets a cluster know the kinds of KEDA and the Prometheus Operator. */
export async function installDefinitions(client: Client): Promise<void> {
  const all = readdirSync(folder).map((name) => definition.parse(parse(readFileSync(new URL(name, folder), 'utf8'))));
  for (const found of all.filter(({ spec }) => KINDS.includes(spec.names.kind))) {
    accepted(await client.apply(found));
    const path = await client.pathOf(found);
    await until(async () => {
      const { status } = state.parse(accepted(await client.call('GET', path)));
      return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True');
    }, `${found.metadata.name} is established`);
  }
}
