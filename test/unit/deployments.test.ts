import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { HTTP_PORT, STOP_TIMEOUT_SECONDS } from '../../infra/values/service-environment.ts';
import { PIPELINE_NAMES } from '../../local/provision/pipeline.ts';
import { OF_THE_IMAGE } from '../../local/service-process.ts';
import { readSettings } from '../../service/base/settings.ts';
import {
  MAX_RECEIVE_COUNT,
  MAX_RECEIVE_COUNT_MIN,
  RECEIVES_MAX,
  RENEW_AT_RECEIVES,
} from '../../service/core/receives.ts';

/**
 * What stands in files that cannot import a constant: docker-compose.yml, k8s/distributor, Dockerfile, Prometheus. Each number that
 * must fit one of the service's is held against it here.
 */
const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const QUEUES = { SQS_QUEUE_URL: 'https://sqs/queue', DLQ_URL: 'https://sqs/dead-letters' };
const DEFAULTS = readSettings(QUEUES);
/** Beside the drain: the process has to end, and the orchestrator to notice. */
const EXIT_SECONDS = 5;
/** What the process takes beside the objects in flight (service/base/settings.ts). */
const PROCESS_MB = 150;

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment?: Readonly<Record<string, string>>;
        readonly stop_grace_period?: string;
        readonly ports?: readonly string[];
        readonly image?: string;
      }
    >
  >;
}

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly ports: readonly [{ readonly containerPort: number }];
            readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } };
          },
        ];
      };
    };
  };
}

/** Anchors of Compose are merged where `<<` says so. */
async function compose(): Promise<Compose> {
  return parse(await read('docker-compose.yml'), { merge: true });
}

async function kubernetes(): Promise<{
  settings: ReturnType<typeof readSettings>;
  pod: Deployment['spec']['template']['spec'];
}> {
  const lines = (await read('k8s/distributor/settings.env')).split('\n').filter((line) => /^\w+=/.test(line));
  const environment = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  const deployment: Deployment = parse(await read('k8s/distributor/deployment.yaml'));
  return { settings: readSettings(environment), pod: deployment.spec.template.spec };
}

test('in Compose the service has drained before it is killed, and calls end before that', async () => {
  const { distributor } = (await compose()).services;
  const settings = readSettings(distributor?.environment ?? {});
  const graceSeconds = Number.parseInt(distributor?.stop_grace_period ?? '', 10);
  assert.ok(graceSeconds >= settings.shutdownGraceMs / 1_000 + EXIT_SECONDS);
  assert.ok(settings.requestTimeoutMs < settings.shutdownGraceMs, 'a call under way can come to its end');
});

test('in Compose the service works on what provisioning makes, and Prometheus scrapes its port', async () => {
  const { distributor } = (await compose()).services;
  const settings = readSettings(distributor?.environment ?? {});
  assert.deepEqual(
    [settings.queueUrl, settings.deadLetterQueueUrl].map((url) => url.split('/').at(-1)),
    [PIPELINE_NAMES.queue, PIPELINE_NAMES.deadLetterQueue],
  );
  assert.deepEqual(
    [settings.tenantTable, settings.ledgerTable],
    [PIPELINE_NAMES.tenantTable, PIPELINE_NAMES.ledgerTable],
  );
  assert.deepEqual(distributor?.ports, [`${settings.httpPort}:${settings.httpPort}`]);
  const { scrape_configs: jobs } = parse(await read('infra/prometheus/prometheus.yml'));
  assert.deepEqual(jobs[0].static_configs[0].targets, [`distributor:${settings.httpPort}`]);
});

test('in Kubernetes the service starts, has drained before it is killed, and fits its limits', async () => {
  const { settings, pod } = await kubernetes();
  const [container] = pod.containers;
  assert.ok(pod.terminationGracePeriodSeconds >= settings.shutdownGraceMs / 1_000 + EXIT_SECONDS);
  assert.ok(settings.requestTimeoutMs < settings.shutdownGraceMs);
  assert.equal(container.ports[0].containerPort, settings.httpPort);
  assert.ok(settings.workerThreads <= Number(container.resources.limits.cpu));
  const memoryMb = Number.parseInt(container.resources.limits.memory, 10);
  assert.match(container.resources.limits.memory, /^\d+Mi$/);
  assert.ok(2 * (settings.memoryBudgetBytes / 2 ** 20 + PROCESS_MB) <= memoryMb, 'twice over, as settings.env says');
  assert.deepEqual([settings.tenantTable, settings.ledgerTable], [DEFAULTS.tenantTable, DEFAULTS.ledgerTable]);
});

test('in Kubernetes everything that names the port of the service names the same one', async () => {
  const { settings } = await kubernetes();
  const [service] = parseAllDocuments(await read('k8s/distributor/monitoring.yaml')).map((document) => document.toJS());
  assert.equal(service.spec.ports[0].port, settings.httpPort);
});

test('on Fargate the defaults of the service fit the time that a task has', () => {
  assert.ok(DEFAULTS.shutdownGraceMs / 1_000 + EXIT_SECONDS <= STOP_TIMEOUT_SECONDS);
  assert.ok(DEFAULTS.requestTimeoutMs < DEFAULTS.shutdownGraceMs);
});

test('the image names the port that the service listens on by default, and so does the task', async () => {
  const dockerfile = await read('Dockerfile');
  assert.equal(Number(/^EXPOSE (\d+)$/m.exec(dockerfile)?.[1]), DEFAULTS.httpPort);
  assert.equal(Number(/HTTP_PORT \|\| (\d+)/.exec(dockerfile)?.[1]), DEFAULTS.httpPort);
  assert.equal(HTTP_PORT, DEFAULTS.httpPort);
});

test('the service is tested with what the image sets', async () => {
  const [, assignments = ''] = /AS service\n.*?^ENV (.+?)$/ms.exec(await read('Dockerfile')) ?? [];
  assert.deepEqual(
    Object.fromEntries([...assignments.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, a, b]) => [name, a ?? b])),
    OF_THE_IMAGE,
  );
});

test('the alert for canaries looks back over two of the longest intervals that the service takes', async () => {
  const rules = await read('infra/prometheus/alerts.yml');
  const seconds = Number(/canary_delivered_timestamp_seconds\) > time\(\) - (\d+)/.exec(rules)?.[1]);
  const every = (interval: number) =>
    readSettings({ ...QUEUES, CANARY_BUCKET: 'central', CANARY_INTERVAL_SECONDS: String(interval) });
  assert.equal(every(seconds / 2).canaryIntervalMs, (seconds / 2) * 1_000);
  assert.throws(() => every(seconds / 2 + 1), /CANARY_INTERVAL_SECONDS/);
});

test('the pages name the receives that the service goes by', async () => {
  const [design, guarantee] = await Promise.all([read('docs/design.md'), read('docs/guarantee.md')]);
  assert.ok(design.includes(`redrive policy (${MAX_RECEIVE_COUNT} receives)`));
  assert.ok(design.includes(`a queue needs at least ${MAX_RECEIVE_COUNT_MIN} for that`));
  const flat = guarantee.replaceAll(/\s+/g, ' ');
  assert.ok(flat.includes(`after ${RENEW_AT_RECEIVES} of them it is sent anew`));
  assert.ok(
    flat.includes(
      `at its ${RECEIVES_MAX}th, with its last reason, before the queue's own redrive policy (${MAX_RECEIVE_COUNT})`,
    ),
  );
});
