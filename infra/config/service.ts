import { nearest } from '../../service/base/nearest.ts';
import { readSettings, SETTING_NAMES, type Settings, SettingsError } from '../../service/base/settings.ts';
import { namesOf } from '../values/names.ts';
import { eventBytesMax, partitionOfRegion } from '../values/partition.ts';
import { deploymentSettings, serviceEnvironment } from '../values/service-environment.ts';
import type { Config } from './config.ts';
import { type Problem, problem } from './problems.ts';

/** Settings of the service that have a name of their own here. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  TENANT_CONFIG_TABLE: 'names.tenantTable',
  LEDGER_TABLE: 'names.ledgerTable',
  AWS_REGION: 'region',
  OBJECT_KEY_TEMPLATE: 'objectKeyTemplate',
  QUARANTINE_PREFIX: 'quarantinePrefix',
  VISIBILITY_TIMEOUT_SECONDS: 'queue.visibilityTimeoutSeconds',
  LOG_LEVEL: 'distributor.logLevel',
  RECEIPT_KEY: 'distributor.receiptKeyArn',
};
const URLS = {
  queue: 'https://queue.invalid/queue',
  deadLetterQueue: 'https://queue.invalid/dead-letters',
  receiptKey: `arn:aws:kms:us-east-1:${'0'.repeat(12)}:key/receipts`,
};

const pathOf = (name: string) => OWN_NAMES[name] ?? `distributor.settings.${name}`;

/**
 * The service must start with what its container is given, by its own schema and in its own words. And it must not be
 * given another thing than the resources around it have: a port that nobody opens, a grace that ends after the task.
 */
export function serviceProblems(config: Config): readonly Problem[] {
  const { settings } = config.distributor;
  const partition = partitionOfRegion(config.region);
  const names = namesOf(config, { partition, region: config.region, accountId: '0'.repeat(12) });
  const fixed = deploymentSettings(config, names, URLS);
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (name in fixed || name in OWN_NAMES) {
      const own = OWN_NAMES[name];
      const rule = own === undefined ? 'must not be set: it follows from the rest' : `must not be set: use ${own}`;
      problems.push(problem(pathOfSetting(name), rule, value));
    } else if (!SETTING_NAMES.some((known) => known === name)) {
      const near = nearest(name, SETTING_NAMES);
      const rule = `is no setting of the service${near === undefined ? '' : `; did you mean ${near}?`}`;
      problems.push(problem(pathOfSetting(name), rule, value));
    }
  }
  try {
    const service = readSettings(serviceEnvironment(config, names, URLS));
    return [...problems, ...drainProblems(service), ...eventProblems(service, config.region)];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return [...problems, ...error.problems.map(inOurNames)];
  }
}

const pathOfSetting = (name: string) => `distributor.settings.${name}`;

/** A call under way must not outlast the drain, or it would be repeated. */
function drainProblems({ requestTimeoutMs, shutdownGraceMs }: Settings): readonly Problem[] {
  if (requestTimeoutMs < shutdownGraceMs) return [];
  const rule = `must be less than the ${shutdownGraceMs / 1000} seconds that a task has to drain`;
  return [problem(pathOfSetting('REQUEST_TIMEOUT_SECONDS'), rule, requestTimeoutMs / 1000)];
}

/** CloudWatch Logs would refuse larger events, each with all of its batch. */
function eventProblems({ eventBytesMax: most }: Settings, region: string): readonly Problem[] {
  const limit = eventBytesMax({ partition: partitionOfRegion(region) });
  if (limit === undefined || most <= limit) return [];
  return [problem(pathOfSetting('EVENT_BYTES_MAX'), `must be at most ${limit} in ${region}`, most)];
}

/** `NAME: rule (got value)` of the service, under the name that the setting has here. */
function inOurNames(sentence: string): Problem {
  const [, name = '', rest = sentence] = /^(\w+): (.*)$/s.exec(sentence) ?? [];
  const named = rest.replace(/\b[A-Z]+(_[A-Z]+)+\b/g, (other) => OWN_NAMES[other] ?? other);
  return { settings: [pathOf(name)], sentence: `${pathOf(name)}: ${named}` };
}
