import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { startPipeline, tenantOf } from '../e2e/pipeline.ts';
import { until } from '../support/until.ts';
import { freePort } from './support/free-port.ts';
import { pathOf } from './support/kustomize.ts';
import { environmentOf } from './support/vector-config.ts';

/** Two real Vectors with the files of the overlay: what an agent has sent is delivered, also when its aggregator is killed. */

const { VECTOR_BIN = '' } = process.env;
const skip =
  (VECTOR_BIN === '' && 'VECTOR_BIN names no Vector') ||
  (spawnSync(VECTOR_BIN, ['--version']).status !== 0 && `VECTOR_BIN is no Vector that runs: ${VECTOR_BIN}`) ||
  (process.env.AWS_ENDPOINT_URL !== undefined && 'it brings its own AWS');

const TENANTS = ['acme-corp', 'globex'].map((id) => tenantOf(id, { log_group_name: `/tenant-logs/${id}/all` }));
const RECORDS = 2_000;

/** In the place of the pods' files: a file of records, which becomes what `records` gives in the agents. */
const RECORDS_FROM_FILE = `
sources:
  lines:
    type: file
    include: [LINES]
transforms:
  parsed:
    type: remap
    inputs: [lines]
    source: |
      . = object!(parse_json!(string!(.message)))
      .timestamp = parse_timestamp!(.timestamp, "%+")
  records:
    type: route
    inputs: [parsed]
    route:
      of_tenant: exists(.customer_tenant)
`;

interface Vector {
  stop(signal: NodeJS.Signals): Promise<void>;
}

function startVector(home: string, name: string, texts: readonly string[]): Vector {
  const folder = join(home, name);
  mkdirSync(join(folder, 'data'), { recursive: true });
  const files = texts.map((text, at) => {
    const path = join(folder, `${at}.yaml`);
    writeFileSync(path, text.replaceAll('/var/lib/log-collection', join(folder, 'data')));
    return path;
  });
  const environment = {
    PATH: process.env.PATH,
    ...environmentOf('s3'),
    BUFFER_BYTES: '536870912',
    AWS_REGION: 'us-east-1',
    VECTOR_DANGEROUSLY_ALLOW_ENV_VAR_INTERPOLATION: 'true',
  };
  const log = openSync(join(folder, 'vector.log'), 'a');
  const child: ChildProcess = spawn(
    VECTOR_BIN,
    files.flatMap((file) => ['--config', file]),
    { env: environment, stdio: ['ignore', log, log] },
  );
  return {
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

test('records go from agent to aggregator to S3 to the tenants, and none is missing when an aggregator is killed', {
  skip,
}, async () => {
  const home = mkdtempSync(join(tmpdir(), 'aggregator-'));
  const running = new Set<Vector>();
  await using pipeline = await startPipeline({ tenants: TENANTS });
  try {
    const [agents, metrics, api] = [await freePort(), await freePort(), await freePort()];
    const textOf = (file: string) => readFileSync(pathOf(`vector/overlays/${file}`), 'utf8');
    const aggregator = textOf('aggregator/aggregator.yaml')
      .replace('0.0.0.0:6000', `127.0.0.1:${agents}`)
      .replace('0.0.0.0:9598', `127.0.0.1:${metrics}`)
      .replace('127.0.0.1:8686', `127.0.0.1:${api}`);
    const sinks = textOf('s3/sink.yaml')
      .replaceAll('timeout_secs: 300', 'timeout_secs: 1')
      .replaceAll(`"\${LOG_BUCKET}"`, pipeline.names.bucket)
      .replaceAll(
        /auth:\n {6}assume_role: .*\n {6}external_id: .*\n/g,
        [
          'auth: { access_key_id: test, secret_access_key: test }',
          `endpoint: ${pipeline.cloud?.url}`,
          'force_path_style: true\n',
        ].join('\n    '),
      );
    const agent = textOf('aggregator/agent.yaml').replace('vector-aggregator:6000', `127.0.0.1:${agents}`);
    const startAggregator = () => {
      const started = startVector(home, 'aggregator', [aggregator, sinks]);
      running.add(started);
      return started;
    };

    const startMs = Date.now() - 600_000;
    const recordOf = (at: number) => ({
      timestamp: new Date(startMs + at).toISOString(),
      message: `record ${at}`,
      // Every fifth is nobody's.
      ...(at % 5 === 4 ? { without_tenant: 'namespace-unlabelled' } : { customer_tenant: TENANTS[at % 2]?.tenantId }),
      cluster_id: 'eks-eu-1',
      environment: 'production',
      kubernetes: { namespace: 'acme-shop' },
    });
    const lines = join(home, 'lines.ndjson');
    const write = (from: number, to: number) => {
      const records = Array.from({ length: to - from }, (_, at) => `${JSON.stringify(recordOf(from + at))}\n`);
      appendFileSync(lines, records.join(''));
    };
    const objects = async (Prefix: string) => {
      const { Contents = [] } = await pipeline.deps.s3.send(
        new ListObjectsV2Command({ Bucket: pipeline.names.bucket, Prefix }),
      );
      return Contents.length;
    };

    const first = startAggregator();
    write(0, RECORDS);
    const source = `data_dir: /var/lib/log-collection\n${RECORDS_FROM_FILE.replace('LINES', lines)}`;
    running.add(startVector(home, 'agent', [source, agent]));
    await until(() => objects('logs/'), 'the aggregator has written');
    await first.stop('SIGKILL');
    write(RECORDS, 2 * RECORDS);
    startAggregator();

    for (const [at, tenant] of TENANTS.entries()) {
      const wanted = Array.from({ length: 2 * RECORDS }, (_, one) => one)
        .filter((one) => one % 5 !== 4 && one % 2 === at)
        .map((one) => JSON.stringify([startMs + one, `record ${one}`]));
      // A record whose answer was lost is sent twice; once is enough.
      const delivered = async () =>
        new Set((await pipeline.logs(tenant)).map(({ timestamp, message }) => JSON.stringify([timestamp, message])));
      await until(async () => (await delivered()).size >= wanted.length, `${tenant.tenantId} has all records`);
      assert.deepEqual(await delivered(), new Set(wanted));
    }
    await until(() => objects('without-tenant/'), 'records of nobody are kept');
  } finally {
    for (const vector of running) await vector.stop('SIGKILL');
    rmSync(home, { recursive: true });
  }
});
