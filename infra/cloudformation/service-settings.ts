import type { SETTING_NAMES } from '../../service/base/settings.ts';

type SettingName = (typeof SETTING_NAMES)[number];

/** A setting of the service that is a parameter here. */
export interface ServiceSetting {
  readonly name: SettingName;
  /** Of the parameter, which is empty for the default. */
  readonly allowedPattern: string;
  readonly rule: string;
}

const NUMBER = { allowedPattern: '^\\d*$', rule: 'must be a whole number' };
const FLAG = { allowedPattern: '^(true|false)?$', rule: 'must be true or false' };
const ANY = { allowedPattern: '^.*$', rule: 'may be any text' };

/** null: follows from the resources around the service, has a parameter of its own, or is for emulators and tests. */
const RULES: Readonly<Record<SettingName, Omit<ServiceSetting, 'name'> | null>> = {
  SQS_QUEUE_URL: null,
  DLQ_URL: null,
  TENANT_CONFIG_TABLE: null,
  LEDGER_TABLE: null,
  AWS_REGION: null,
  AWS_ENDPOINT_URL: null,
  S3_FORCE_PATH_STYLE: null,
  HTTP_PORT: null,
  HTTP_HOST: null,
  HTTP_HOST_NAMES: { allowedPattern: '^[A-Za-z0-9.,-]*$', rule: 'must be host names with a comma between them' },
  WORKER_THREADS: NUMBER,
  MEMORY_BUDGET_MB: NUMBER,
  OBJECT_KEY_TEMPLATE: null,
  QUARANTINE_PREFIX: null,
  DISTRIBUTOR_ROLE_ARN: { allowedPattern: '^(arn:\\S+)?$', rule: 'must be the ARN of a role' },
  SHUTDOWN_GRACE_SECONDS: null,
  VISIBILITY_TIMEOUT_SECONDS: null,
  EVENT_BYTES_MAX: NUMBER,
  LEASE_SECONDS: NUMBER,
  SETTLE_SECONDS: NUMBER,
  REQUEST_TIMEOUT_SECONDS: NUMBER,
  APPLICATION_GROUPS: ANY,
  ECS_AGENT_URI: null,
  PROBE_SECONDS: NUMBER,
  PARK_HOURS: NUMBER,
  PROGRESS_INTERVAL_SECONDS: NUMBER,
  CANARY_INTERVAL_SECONDS: NUMBER,
  CANARY_BUCKET: null,
  RECEIPT_KEY: null,
  RECEIPT_INTERVAL_SECONDS: NUMBER,
  RECONCILE_INTERVAL_SECONDS: NUMBER,
  RECONCILE_BUCKET: null,
  RECONCILE_GRACE_SECONDS: NUMBER,
  RECONCILE_LATE_HOURS: NUMBER,
  RECONCILE_RATE: NUMBER,
  RUNBOOK_URL: { allowedPattern: '^(https?://\\S+)?$', rule: 'must be an address' },
  USAGE: FLAG,
  PLAIN_DECODER: FLAG,
  PUT_COMPRESSION: { allowedPattern: '^(gzip|none)?$', rule: 'must be gzip or none' },
  KERNEL_POISON: null,
  LOG_LEVEL: null,
};

export const SERVICE_SETTINGS: readonly ServiceSetting[] = Object.entries(RULES).flatMap(([name, rule]) =>
  rule ? [{ name: name as SettingName, ...rule }] : [],
);

/** `PARK_HOURS` is the parameter `SettingParkHours`. */
export function settingParameter(name: string): string {
  return `Setting${pascalCase(name)}`;
}

/** Logical ids are alphanumeric: `hub_topic_arn`, `hub-topic-arn` and `HUB_TOPIC_ARN` all become `HubTopicArn`. */
export function pascalCase(name: string): string {
  return name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
