import type { Entity } from '@aws-sdk/client-cloudwatch-logs';
import { present } from '../base/present.ts';
import type { RecordField } from './chunk.ts';
import { type Batch, type ChunkPlan, recordOf } from './plan.ts';

/**
 * The entity of a PutLogEvents call: which service of which cluster the events are of, so that CloudWatch finds its metrics and
 * traces beside them. A call has one entity, so only what all events of the batch share can be said. The names of log group and
 * stream decide which events share a batch: they must hold the fields without which there is no entity.
 */

/** Where the pods run, as the tenant's item says it. */
export const PLATFORMS = ['eks', 'kubernetes'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** A template must hold these. */
export const ENTITY_VARIABLES = ['application', 'namespace'] as const;

/** How CloudWatch's own agent for Kubernetes names them (aws/amazon-cloudwatch-agent, awsentity/entityattributes). */
const WORDS: Readonly<
  Record<Platform, { readonly prefix: string; readonly platform: string; readonly cluster: string }>
> = {
  eks: { prefix: 'eks', platform: 'AWS::EKS', cluster: 'EKS.Cluster' },
  kubernetes: { prefix: 'k8s', platform: 'K8s', cluster: 'K8s.Cluster' },
};

/** API reference, Entity: values of 1 to 512 characters. Ours: what a terminal can show, as names of Kubernetes are. */
const VALUE = /^[!-~][ -~]{0,511}$/;

/**
 * @param keyFields what the object's key says of its records, for fields that a record does not have
 * @returns undefined where the events are not all of one application, namespace and cluster, or one of these has no name
 */
export function entityOf(
  plan: ChunkPlan,
  batch: Batch,
  platform: Platform,
  keyFields: Readonly<Record<string, string>>,
): Entity | undefined {
  const shared = (field: RecordField) => {
    const value = sharedValue(plan, batch, field);
    return value === '' ? keyFields[field] : value;
  };
  const { prefix, platform: type, cluster: clusterKey } = WORDS[platform];
  const name = shared('application');
  const namespace = shared('namespace');
  const cluster = shared('cluster_id');
  if (!isValue(name) || !isValue(namespace) || !isValue(cluster)) return undefined;
  const environment = `${prefix}:${cluster}/${namespace}`;
  if (!isValue(environment)) return undefined;
  const node = shared('node_name');
  return {
    keyAttributes: { Type: 'Service', Name: name, Environment: environment },
    attributes: {
      PlatformType: type,
      [clusterKey]: cluster,
      'K8s.Namespace': namespace,
      ...(isValue(node) ? { 'K8s.Node': node } : {}),
    },
  };
}

function isValue(value: string | undefined): value is string {
  return value !== undefined && VALUE.test(value);
}

/** What a field is in all events of a batch: '' where it is in none, undefined where they differ. */
function sharedValue(plan: ChunkPlan, { events }: Batch, field: RecordField): string | undefined {
  const column = plan.chunk.fields[field];
  if (!column) return '';
  let only = column.only;
  if (only === undefined) {
    const { index } = column;
    const count = events.length;
    only = index[recordOf(plan, present(events[0], 'the event of a batch'))];
    for (let at = 1; at < count; at++) {
      if (index[recordOf(plan, events[at] as number)] !== only) return undefined;
    }
  }
  return present(column.values[present(only, 'the number of a field')], 'the value of a field');
}
