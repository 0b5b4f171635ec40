import type { Config } from '../config/config.ts';
import { namesOf, type Place } from '../values/names.ts';
import { RECEIPT_KEY_SPECS } from '../values/receipt-key.ts';
import { SLOTS } from './choices.ts';
import { FIXED_NAMES } from './fixed-names.ts';
import { OBJECT_KEY_TEMPLATE } from './key-template.ts';
import { PARAMETERS } from './parameter-list.ts';
import { numberPlaceholders, textOf } from './placeholders.ts';
import { SERVICE_SETTINGS, settingParameter } from './service-settings.ts';
import type { Conditions } from './vary.ts';

/** Placeholders for every parameter that is a number in the configuration. */
export const NUMBERS = numberPlaceholders(PARAMETERS.map(({ name }) => name));

/** The switches that decide which values there are at all. */
export type Switches = Partial<
  Conditions<
    | 'IsProduction'
    | 'WithFirehose'
    | 'WithTracing'
    | 'WithCanary'
    | 'WithReceipts'
    | 'HasReceiptKeyArn'
    | 'WithReconcile'
    | 'WithPrometheus'
    | 'WithIpv6'
    | 'WithEssentialAlerts'
    | 'WithIntelligentTiering'
    | 'WithInfrequentAccess'
    | 'WithGlacier'
    | 'WithDeepArchive'
  >
>;

/** Settings of which only a positive number turns something on, and the switch that says so. */
const SWITCHED: Readonly<Record<string, keyof Switches>> = {
  CANARY_INTERVAL_SECONDS: 'WithCanary',
  RECONCILE_INTERVAL_SECONDS: 'WithReconcile',
};

export const METRICS_SOURCES = Array.from({ length: SLOTS.metricsSources }, (_, at) => `MetricsSource${at + 1}`);

/** A workspace is read off its URL, so the placeholder is a URL too; `withWorkspace` replaces it. */
const SAMPLE_REGION = 'prometheus-region';
const SAMPLE_WORKSPACE = `https://aps-workspaces.${SAMPLE_REGION}.amazonaws.com/workspaces/ws-0/api/v1/remote_write`;

export function withWorkspace(text: string): string {
  return text
    .replaceAll(SAMPLE_WORKSPACE, textOf('PrometheusRemoteWriteUrl'))
    .replaceAll(SAMPLE_REGION, textOf('PrometheusRegion'));
}

/** The configuration whose values are placeholders of parameters. What is not switched here is on. */
export function symbolicConfig(on: Switches = {}): Config {
  const days = (when: boolean | undefined, name: string) => (when === false ? null : NUMBERS.of(name));
  return {
    environment: textOf('Environment'),
    region: textOf('AWS::Region'),
    project: textOf('Project'),
    costCenter: undefined,
    production: on.IsProduction ?? true,
    accountId: undefined,
    encryptWithOwnKeys: true,
    names: Object.fromEntries(FIXED_NAMES.map(({ name, parameter }) => [name, textOf(parameter)])),
    objectKeyTemplate: OBJECT_KEY_TEMPLATE,
    quarantinePrefix: textOf('QuarantinePrefix'),
    iam: { path: textOf('IamPath'), permissionsBoundary: textOf('PermissionsBoundary') },
    ingestion: {
      partitionValues: {},
      deaggregate: true,
      firehose: on.WithFirehose ?? true,
      bufferSizeMb: NUMBERS.of('BufferSizeMb'),
      bufferIntervalSeconds: NUMBERS.of('BufferIntervalSeconds'),
      parquetBlockMb: NUMBERS.of('ParquetBlockMb'),
    },
    storage: {
      infrequentAccessDays: days(on.WithInfrequentAccess, 'InfrequentAccessDays'),
      glacierDays: days(on.WithGlacier, 'GlacierDays'),
      deepArchiveDays: days(on.WithDeepArchive, 'DeepArchiveDays'),
      retentionDays: NUMBERS.of('RetentionDays'),
      transitionAboveBytes: NUMBERS.of('TransitionAboveBytes'),
      intelligentTiering: on.WithIntelligentTiering ?? true,
      quarantineRetentionDays: NUMBERS.of('QuarantineRetentionDays'),
      firehoseErrorRetentionDays: NUMBERS.of('FirehoseErrorRetentionDays'),
      noncurrentVersionDays: NUMBERS.of('NoncurrentVersionDays'),
      accessLogRetentionDays: NUMBERS.of('AccessLogRetentionDays'),
      abortUploadDays: NUMBERS.of('AbortUploadDays'),
    },
    queue: {
      retentionDays: NUMBERS.of('QueueRetentionDays'),
      maxReceiveCount: NUMBERS.of('MaxReceiveCount'),
      visibilityTimeoutSeconds: NUMBERS.of('VisibilityTimeoutSeconds'),
    },
    distributor: {
      cpuUnits: NUMBERS.of('CpuUnits'),
      memoryMb: NUMBERS.of('MemoryMb'),
      tasksMin: NUMBERS.of('TasksMin'),
      tasksMax: NUMBERS.of('TasksMax'),
      spotPercent: NUMBERS.of('SpotPercent'),
      spotOnly: false,
      backlogPerTask: NUMBERS.of('BacklogPerTask'),
      scaleOutAgeSeconds: NUMBERS.of('ScaleOutAgeSeconds'),
      logLevel: textOf('LogLevel'),
      logRetentionDays: NUMBERS.of('LogRetentionDays'),
      tracing: on.WithTracing ?? true,
      receipts: on.WithReceipts ?? true,
      // The template refers to the key itself (stacks/keys.ts).
      receiptKeySpec: RECEIPT_KEY_SPECS[0],
      receiptKeyArn: undefined,
      tracingImage: textOf('TracingImage'),
      prometheusRemoteWriteUrl: on.WithPrometheus === false ? undefined : SAMPLE_WORKSPACE,
      collectorImage: textOf('CollectorImage'),
      settings: symbolicSettings(on),
    },
    network: {
      existing: undefined,
      cidr: textOf('VpcCidr'),
      availabilityZones: NUMBERS.of('AvailabilityZones'),
      natGateways: NUMBERS.of('NatGateways'),
      interfaceEndpoints: true,
      endpointPolicies: true,
      flowLogRetentionDays: NUMBERS.of('FlowLogRetentionDays'),
      networkAcls: true,
      ipv6: on.WithIpv6 ?? true,
      metricsSources: METRICS_SOURCES.map(textOf),
    },
    writers: {
      eks: {
        oidcIssuer: textOf('EksOidcProvider'),
        namespace: textOf('EksNamespace'),
        serviceAccount: textOf('EksServiceAccount'),
      },
      // Stands in a JSON list: main.ts joins the principals with quotes and commas.
      principals: [textOf('WriterPrincipals')],
      externalId: textOf('WriterExternalId'),
    },
    alerts: {
      emails: [],
      essential: on.WithEssentialAlerts ?? false,
      queueAgeSeconds: NUMBERS.of('QueueAgeSeconds'),
      queueDepth: NUMBERS.of('QueueDepth'),
      deliveryLagSeconds: NUMBERS.of('DeliveryLagSeconds'),
      retriesPerFiveMinutes: NUMBERS.of('RetriesPerFiveMinutes'),
      quarantineFilesPerHour: NUMBERS.of('QuarantineFilesPerHour'),
      runbookUrl: textOf('RunbookUrl'),
    },
    budget: { monthlyUsd: NUMBERS.of('BudgetMonthlyUsd'), alertPercents: [], anomalyUsd: NUMBERS.of('AnomalyUsd') },
  };
}

/** Settings that are computed here unless they are given have the name of the computed value, which main.ts chooses. */
const COMPUTED: Readonly<Record<string, string>> = {
  WORKER_THREADS: 'WorkerThreads',
  MEMORY_BUDGET_MB: 'MemoryBudgetMb',
};

function symbolicSettings(on: Switches): Readonly<Record<string, string>> {
  const entries = SERVICE_SETTINGS.flatMap(({ name }) => {
    const condition = SWITCHED[name];
    if (condition === undefined) return [[name, textOf(COMPUTED[name] ?? settingParameter(name))] as const];
    return on[condition] === false ? [] : [[name, String(NUMBERS.of(settingParameter(name)))] as const];
  });
  return Object.fromEntries(entries);
}

const PLACE: Place = {
  partition: textOf('AWS::Partition'),
  region: textOf('AWS::Region'),
  accountId: textOf('AWS::AccountId'),
};

/** The name that is made where none is given. */
export function madeName(name: keyof Config['names']): string {
  return namesOf({ ...symbolicConfig(), names: {} }, PLACE)[name];
}

/** Names and ARNs with the pseudo parameters as the place. */
export const NAMES = {
  ...namesOf(symbolicConfig(), PLACE),
  // The one name that is computed from others; main.ts does it.
  glueDatabase: textOf('GlueDatabase'),
};
