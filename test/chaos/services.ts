import type { Cloud } from 'embedded-aws';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import type { Pipeline } from '../../local/provision/pipeline.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { SPLIT_BYTES } from './features.ts';
import { LEASE_SECONDS, REQUEST_TIMEOUT_SECONDS, type TrialPlan } from './plan.ts';
import { RECEIPT_INTERVAL_SECONDS } from './receipts.ts';
import { reconcileSettings } from './reconcile.ts';
import { HOME } from './tenants.ts';

/** Trials are short: everything that waits for time waits for as little as the settings allow. */
const SETTINGS = {
  LEASE_SECONDS: String(LEASE_SECONDS),
  VISIBILITY_TIMEOUT_SECONDS: '10',
  REQUEST_TIMEOUT_SECONDS: String(REQUEST_TIMEOUT_SECONDS),
  RECEIPT_INTERVAL_SECONDS: String(RECEIPT_INTERVAL_SECONDS),
  LOG_LEVEL: 'debug',
  SETTLE_SECONDS: '3',
  PROGRESS_INTERVAL_SECONDS: '2',
};

/** How bodies of PutLogEvents are sent. `refused`: the service compresses them, and CloudWatch Logs takes none that is. */
export const PUT_COMPRESSIONS = ['gzip', 'none', 'refused'] as const;
export type PutCompression = (typeof PUT_COMPRESSIONS)[number];

export interface ServicesOf {
  readonly plan: Pick<TrialPlan, 'features'>;
  readonly cloud: Pick<Cloud, 'url'>;
  readonly pipeline: Pipeline;
  readonly putCompression: PutCompression;
  readonly receiptKeyFile: string;
}

/** The environment of a trial's services. */
export function environmentOf({ plan, cloud, pipeline, putCompression, receiptKeyFile }: ServicesOf) {
  return {
    ...endpointEnvironment(cloud.url, HOME),
    ...serviceEnvironment(pipeline),
    ...kernelEnvironment(),
    ...SETTINGS,
    ...(plan.features.unannounced.length > 0 ? reconcileSettings(pipeline) : {}),
    ...(plan.features.refused.length > 0 ? { PROBE_SECONDS: '2' } : {}),
    ...(plan.features.split ? { EVENT_BYTES_MAX: String(SPLIT_BYTES) } : {}),
    PUT_COMPRESSION: putCompression === 'none' ? 'none' : 'gzip',
    RECEIPT_KEY: receiptKeyFile,
  };
}

/** As an endpoint does that does not know the encoding. */
export function refuseCompression({ faults }: Pick<Cloud, 'faults'>): void {
  const effect = { kind: 'error', code: 'SerializationException', status: 400 } as const;
  faults.add({ service: 'logs', action: 'PutLogEvents', contentEncoding: 'gzip', effect });
}
