import { EVENT_OVERHEAD_BYTES } from '../../service/core/limits.ts';
import type { Config } from '../config/config.ts';
import { alarmsOf, countsTasks } from '../values/alarms.ts';
import { scales } from '../values/backlog.ts';
import { exportedMetrics } from '../values/exported-metrics.ts';
import { IMAGES_KEPT } from '../values/image-lifecycle.ts';
import { namesOf } from '../values/names.ts';
import { hasPublicTasks, interfaceServices } from '../values/vpc-endpoints.ts';
import type { Line } from './model.ts';
import { PRICES } from './prices.ts';
import {
  CONTROL_BYTES_PER_OBJECT,
  CPU_HEADROOM,
  CPU_SECONDS_PER_OBJECT,
  DAYS_PER_MONTH,
  GB,
  HOURS_PER_MONTH,
  LOGS_COMPRESSION,
  SECONDS_PER_MONTH,
  type Volume,
  WIRE_RATIO,
} from './workload.ts';

/** Metrics of Container Insights for a cluster, its service and its task family, and bytes of its log for each task. From memory. */
const CONTAINER_INSIGHTS_METRICS = 30;
const CONTAINER_INSIGHTS_GB_PER_TASK = 0.2;
/** Values of a label that are in use, where all go to CloudWatch. */
const LABEL_VALUES = 3;
/** The log of the service for each object: one line of JSON, of 504 bytes on average in the demo, and what CloudWatch adds. */
const LOG_BYTES_PER_OBJECT = 504 + EVENT_OVERHEAD_BYTES;
/** The log by which a metric goes to CloudWatch, for each series and scrape. */
const EMF_BYTES_PER_SERIES = 350;
const SCRAPES_PER_MONTH = SECONDS_PER_MONTH / 60;
/** The two alarms of target tracking look at four metrics each, and the alarm on the age at one. */
const SCALING_ALARM_METRICS = 9;
/** Requests for data keys: with bucket keys and reuse of data keys, few objects need one (S3 user guide, SNS and SQS guides). Assumed. */
const KMS_REQUESTS_PER_OBJECT = 0.05;
/** An image of the service, compressed. */
const IMAGE_GB = 0.1;

/** Tasks that run at the same time, and how many of them on demand. */
export interface Tasks {
  readonly count: number;
  readonly onDemand: number;
}

/** As many as the peaks need, and at least the least; settings that allow fewer must be raised. */
export function tasksOf(volume: Volume, objects: number, cpuSecondsPerGb: number, { distributor }: Config): Tasks {
  const cpuSeconds = volume.messageGb * cpuSecondsPerGb + objects * CPU_SECONDS_PER_OBJECT;
  const vcpus = (cpuSeconds * CPU_HEADROOM) / SECONDS_PER_MONTH;
  const count = Math.max(distributor.tasksMin, Math.ceil(vcpus / (distributor.cpuUnits / 1024)));
  const beyond = (count - distributor.tasksMin) * (1 - distributor.spotPercent / 100);
  return { count, onDemand: distributor.spotOnly ? 0 : distributor.tasksMin + beyond };
}

/** What runs all the time whatever comes: tasks, the way out of the VPC, watching, logs of our own, keys, images. */
export function platformLines(volume: Volume, objects: number, tasks: Tasks, config: Config): readonly Line[] {
  return [
    { component: 'Fargate', usd: fargate(tasks, config) },
    { component: 'Network', usd: network(volume, objects, tasks, config) },
    { component: 'Watching', usd: watching(config) + insights(tasks, config) },
    { component: 'Logs of our own', usd: ownLogs(objects, tasks, config) },
    { component: 'KMS', usd: kms(objects, config) },
    { component: 'Images', usd: IMAGES_KEPT * IMAGE_GB * PRICES.images.usd },
  ];
}

function fargate({ count, onDemand }: Tasks, { distributor }: Config): number {
  const vcpus = distributor.cpuUnits / 1024;
  const memoryGb = distributor.memoryMb / 1024;
  const dear = vcpus * PRICES.fargateCpu.usd + memoryGb * PRICES.fargateMemory.usd;
  const cheap = vcpus * PRICES.spotCpu.usd + memoryGb * PRICES.spotMemory.usd;
  return HOURS_PER_MONTH * (onDemand * dear + (count - onDemand) * cheap);
}

/** Tenants of this region; what goes to another one is data transfer between regions, which the model leaves out. */
function network(volume: Volume, objects: number, tasks: Tasks, config: Config): number {
  const gb = volume.messageGb * WIRE_RATIO + (objects * CONTROL_BYTES_PER_OBJECT) / GB;
  if (hasPublicTasks(config)) return tasks.count * HOURS_PER_MONTH * PRICES.publicAddressHour.usd;
  const { natGateways, interfaceEndpoints, availabilityZones } = config.network;
  // Each gateway has an address of its own.
  const nat = natGateways * HOURS_PER_MONTH * (PRICES.natHour.usd + PRICES.publicAddressHour.usd);
  if (!interfaceEndpoints) return nat + gb * PRICES.natData.usd;
  const endpoints = interfaceServices(config).length * availabilityZones;
  return nat + endpoints * HOURS_PER_MONTH * PRICES.endpointHour.usd + gb * PRICES.endpointData.usd;
}

/** Series that are exported: without their label, and by the values that are wanted, or some. */
function seriesOf(config: Config): number {
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  return exportedMetrics(config, names).reduce(
    (sum, metric) => sum + 1 + (metric.values?.length ?? (metric.label ? LABEL_VALUES : 0)),
    0,
  );
}

function watching(config: Config): number {
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  const watched = alarmsOf(config, names).reduce((sum, alarm) => sum + Object.keys(alarm.metrics).length, 0);
  const scaling = scales(config) ? SCALING_ALARM_METRICS : 0;
  const dashboards = config.alerts.essential ? 0 : 2;
  return (
    seriesOf(config) * PRICES.metric.usd + (watched + scaling) * PRICES.alarm.usd + dashboards * PRICES.dashboard.usd
  );
}

function insights(tasks: Tasks, config: Config): number {
  if (!countsTasks(config)) return 0;
  return (
    CONTAINER_INSIGHTS_METRICS * PRICES.metric.usd +
    tasks.count * CONTAINER_INSIGHTS_GB_PER_TASK * PRICES.logsIngestion.usd
  );
}

function ownLogs(objects: number, tasks: Tasks, config: Config): number {
  const emfBytes = tasks.count * SCRAPES_PER_MONTH * seriesOf(config) * EMF_BYTES_PER_SERIES;
  const gb = (objects * LOG_BYTES_PER_OBJECT + emfBytes) / GB;
  const months = config.distributor.logRetentionDays / DAYS_PER_MONTH;
  return gb * (PRICES.logsIngestion.usd + months * LOGS_COMPRESSION * PRICES.logsStorage.usd);
}

function kms(objects: number, { encryptWithOwnKeys }: Config): number {
  if (!encryptWithOwnKeys) return 0;
  return 3 * PRICES.kmsKey.usd + objects * KMS_REQUESTS_PER_OBJECT * PRICES.kmsRequest.usd;
}
