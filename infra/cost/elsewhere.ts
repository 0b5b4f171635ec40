import type { Config } from '../config/config.ts';
import type { Line } from './model.ts';
import { PRICES } from './prices.ts';
import { storage } from './storage.ts';
import {
  DAYS_PER_MONTH,
  GZIP_RATIO,
  LOGS_COMPRESSION,
  NAIVE_CPU_SECONDS_PER_GB,
  type Volume,
  vectorObjects,
  type Workload,
} from './workload.ts';

/** Designs without a distributor of ours: AWS's own features. */
export const OTHER_DESIGNS = ['central', 'subscription', 'centralization', 'pipelines'] as const;
export type OtherDesign = (typeof OTHER_DESIGNS)[number];

/** Logs of a subscription need not stay: they lie there for a day. */
const PASSING_DAYS = 1;

/**
 * `central`: all into log groups of the platform, kept as long as in the bucket; tenants get nothing. `subscription`: into the platform's
 * groups, and filters start functions that write them to the tenants. `centralization`: collectors write into tenants' accounts, and a rule
 * copies them to the platform; the first copy is free of ingestion (CloudWatch pricing, from memory). `pipelines`: each tenant runs a
 * pipeline on our bucket, which costs only its ingestion (CloudWatch pricing, from memory).
 */
export function otherLines(design: OtherDesign, workload: Workload, volume: Volume, config: Config): readonly Line[] {
  const keptDays = config.storage.retentionDays;
  if (design === 'central') return [ingestion(volume), kept(volume, keptDays)];
  if (design === 'subscription') return [ingestion(volume), kept(volume, PASSING_DAYS), subscribers(volume)];
  if (design === 'centralization') return [kept(volume, keptDays)];
  const objects = vectorObjects(workload, volume);
  return [
    { component: 'S3: storage and moves', usd: storage(volume.messageGb * GZIP_RATIO, objects, config.storage) },
    { component: 'S3: puts', usd: objects * PRICES.s3Put.usd },
    { component: 'S3: gets', usd: objects * PRICES.s3Get.usd },
    { component: 'SNS and SQS', usd: objects * PRICES.snsPublish.usd },
  ];
}

function ingestion(volume: Volume): Line {
  return { component: 'CloudWatch Logs: ingestion', usd: volume.eventGb * PRICES.logsIngestion.usd };
}

function kept(volume: Volume, days: number): Line {
  const months = days / DAYS_PER_MONTH;
  return {
    component: 'CloudWatch Logs: storage',
    usd: volume.eventGb * months * LOGS_COMPRESSION * PRICES.logsStorage.usd,
  };
}

/** A run takes about a megabyte, and a vCPU while it lasts (1,769 MB). */
function subscribers({ messageGb }: Volume): Line {
  const seconds = messageGb * NAIVE_CPU_SECONDS_PER_GB;
  const runs = messageGb * 1024;
  return {
    component: 'Lambda',
    usd: seconds * (1769 / 1024) * PRICES.lambdaCompute.usd + runs * PRICES.lambdaRequest.usd,
  };
}
