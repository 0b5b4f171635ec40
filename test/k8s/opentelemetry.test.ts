import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import { z } from 'zod';
import { writerRolePolicy, writerTrust } from '../../infra/policies/writer.ts';
import { namesOf } from '../../infra/values/names.ts';
import { layoutOf } from '../../infra/values/object-layout.ts';
import { readToolSettings } from '../../service/base/settings.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { startPipeline, type TestPipeline, tenantOf } from '../e2e/pipeline.ts';
import { makeCertificate } from '../support/certificate.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster, withoutCluster } from './support/cluster.ts';
import { accepted } from './support/cluster-client.ts';
import { createNode, runPod } from './support/cluster-nodes.ts';
import { applyAll, createNamespace } from './support/cluster-objects.ts';
import { type CriFile, criFile } from './support/cri-files.ts';
import { find, pathOf, render, withoutKubectl } from './support/kustomize.ts';
import { type Collector, startCollector, withoutCollector } from './support/otel-collector.ts';
import { configMapData, environmentOf, workloads } from './support/workload.ts';
import { type AwsHosts, startAwsHosts } from './weather/aws-hosts.ts';

const textOf = (file: string) => readFileSync(pathOf(`opentelemetry/${file}`), 'utf8');
const components = z.record(z.string(), z.unknown());
const config = z
  .object({
    receivers: components,
    processors: components,
    exporters: components,
    extensions: components,
    service: z.object({
      extensions: z.array(z.string()),
      pipelines: z.object({
        logs: z.object({
          receivers: z.array(z.string()),
          processors: z.array(z.string()),
          exporters: z.array(z.string()),
        }),
      }),
    }),
  })
  .parse(parse(textOf('collector.yaml')));

const module = z.array(z.object({ gomod: z.string() }));
const builder = z
  .object({ receivers: module, processors: module, exporters: module, extensions: module })
  .parse(parse(readFileSync(new URL('opentelemetry/builder.yaml', import.meta.url), 'utf8')));

test('every part of the configuration is used, and is one of the Collector that the tests run', () => {
  const { receivers, processors, exporters } = config.service.pipelines.logs;
  const used = { receivers, processors, exporters, extensions: config.service.extensions };
  const MODULES: Readonly<Record<string, string>> = {
    awss3: 'awss3exporter',
    file_storage: 'filestorage',
    health_check: 'healthcheckextension',
  };
  for (const kind of ['receivers', 'processors', 'exporters', 'extensions'] as const) {
    assert.deepEqual(Object.keys(config[kind]).sort(), [...used[kind]].sort());
    const types = new Set(used[kind].map((name) => name.split('/')[0] ?? ''));
    const known = builder[kind].map(({ gomod }) => gomod.replace(/ .*/, '').split('/').at(-1) ?? '');
    const wanted = [...types].map((type) => MODULES[type] ?? `${type.replaceAll('_', '')}${kind.slice(0, -1)}`);
    assert.deepEqual(known.sort(), wanted.sort());
  }
});

test('image, configuration and the Collector of the tests have one version, and every variable has a value', {
  skip: withoutKubectl,
}, () => {
  const objects = render(pathOf('opentelemetry'));
  const [daemonSet] = workloads(objects);
  const [container] = daemonSet?.spec.template.spec.containers ?? [];
  assert.ok(container);
  const [, version = ''] = /^otel\/opentelemetry-collector-contrib:(\d+\.\d+\.\d+)$/.exec(container.image) ?? [];
  assert.match(textOf('collector.yaml'), new RegExp(`^# OpenTelemetry Collector ${version.replace(/\.0$/, '')}\\.`));
  for (const { gomod } of Object.values(builder).flat()) assert.match(gomod, new RegExp(` v${version}$`));
  const environment = environmentOf(container, objects);
  for (const [, name = ''] of textOf('collector.yaml').matchAll(/\$\{env:(\w+)\}/g)) {
    assert.ok(environment[name] || name === 'CLUSTERS', name);
  }
  const writable = container.volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath);
  assert.deepEqual(writable, [z.object({ directory: z.string() }).parse(config.extensions.file_storage).directory]);
});

test('the roles of aws-config are assumed with the token that the pod mounts, made for STS', {
  skip: withoutKubectl,
}, () => {
  const objects = render(pathOf('opentelemetry'));
  const [daemonSet] = workloads(objects);
  const pod = daemonSet?.spec.template.spec;
  const [container] = pod?.containers ?? [];
  assert.ok(pod && container);
  const environment = environmentOf(container, objects);
  const profiles = profilesOf(
    configMapData(objects, find(objects, 'ConfigMap', /^otel-collector-aws-/).metadata.name)['aws-config'] ?? '',
  );
  const writer = profiles[environment.AWS_PROFILE ?? ''];
  assert.match(writer?.role_arn ?? '', /^arn:aws:iam::\d{12}:role\//);
  assert.ok(writer?.external_id && writer.source_profile);
  const mount = container.volumeMounts.find(({ name }) => name === 'aws-token');
  assert.equal(profiles[writer.source_profile]?.web_identity_token_file, `${mount?.mountPath}/token`);
  const projected = z.object({
    projected: z.object({ sources: z.tuple([z.object({ serviceAccountToken: z.object({ audience: z.string() }) })]) }),
  });
  const volume = projected.parse(pod.volumes.find(({ name }) => name === 'aws-token'));
  assert.equal(volume.projected.sources[0].serviceAccountToken.audience, 'sts.amazonaws.com');
});

test('an object has one tenant and a name of its own, and waits on disk until S3 takes it', () => {
  const { awss3 } = z
    .object({
      awss3: z.looseObject({
        marshaler: z.literal('body'),
        timeout: z.literal('0s'),
        s3uploader: z.looseObject({
          compression: z.literal('gzip'),
          unique_key_func_name: z.literal('uuidv7'),
          retry_max_attempts: z.literal(0),
          s3_partition_timezone: z.literal('UTC'),
        }),
        resource_attrs_to_s3: z.object({ s3_prefix: z.literal('key_prefix') }),
        // Batches of its own would join tenants (docs/decisions/0039-opentelemetry-records.md), so there are none.
        sending_queue: z.strictObject({
          enabled: z.literal(true),
          storage: z.literal('file_storage'),
          sizer: z.literal('bytes'),
          queue_size: z.string(),
          num_consumers: z.literal(1),
          block_on_overflow: z.literal(true),
        }),
      }),
    })
    .parse(config.exporters);
  assert.ok(awss3);
  assert.equal(config.service.pipelines.logs.processors.at(-1), 'batch');
  // Both keys begin as the service and the command line expect.
  const { literalPrefix } = compileKeyTemplate(readToolSettings({}).objectKeyTemplate);
  const { withoutTenantPrefix } = layoutOf(readToolSettings({}));
  for (const prefix of [literalPrefix, withoutTenantPrefix]) {
    assert.ok(textOf('collector.yaml').includes(`Concat(["${prefix}`), prefix);
  }
});

test('it leaves out the namespaces that Vector leaves out', () => {
  const [, list = ''] =
    /NAMESPACE_SELECTOR=.*notin \(([^)]+)\)/.exec(readFileSync(pathOf('vector/base/settings.env'), 'utf8')) ?? [];
  const { exclude } = z.object({ exclude: z.array(z.string()) }).parse(config.receivers.filelog);
  const namespaces = exclude.flatMap((path) => /^\/var\/log\/pods\/([a-z-]+)_/.exec(path)?.[1] ?? []);
  assert.deepEqual(namespaces.sort(), list.split(',').sort());
});

/** Profiles of a configuration file of AWS's SDKs, by name. */
function profilesOf(text: string): Record<string, Record<string, string>> {
  const profiles: Record<string, Record<string, string>> = {};
  let current: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name] = /^\[profile (\w+)\]$/.exec(line) ?? [];
    if (name !== undefined) profiles[name] = current = {};
    const [, key, value] = /^(\w+) = (.+)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) current[key] = value;
  }
  return profiles;
}

const REGION = 'us-east-1';
const PLATFORM = '000000000000';
/** The cluster's account. */
const CLUSTER = '222222222222';
const NODE = 'node-1';
const LINES = 300;
const ACME = tenantOf('acme-corp', { log_group_name: '/tenant-logs/acme-corp/{application}' });
const INITECH = tenantOf('initech', { log_group_name: '/tenant-logs/initech/{application}' });

interface Writer {
  readonly namespace: string;
  readonly name: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly podLabels: Readonly<Record<string, string>>;
}
const OF_ACME: Writer = {
  namespace: 'acme-shop',
  name: 'checkout-1',
  namespaceLabels: { 'log-distributor/tenant': 'acme-corp', 'log-distributor/environment': 'staging' },
  podLabels: { 'app.kubernetes.io/name': 'checkout', 'log-distributor/tenant': 'initech' },
};
const OF_INITECH: Writer = {
  namespace: 'shared-tools',
  name: 'reports-1',
  namespaceLabels: { 'log-distributor/tenant-from': 'pod' },
  podLabels: { 'log-distributor/tenant': 'initech', 'log-distributor/cluster': 'not-listed' },
};
const OF_NOBODY: Writer = { namespace: 'unclaimed', name: 'x-1', namespaceLabels: {}, podLabels: { app: 'x' } };
const NOT_COLLECTED: Writer = {
  namespace: 'left-out',
  name: 'y-1',
  namespaceLabels: { 'log-distributor/tenant': 'acme-corp', 'log-distributor/collect': 'false' },
  podLabels: {},
};

/** The n-th line of a pod: now and then one that a parser, JSON or a runtime could spoil. */
function lineOf({ name }: Writer, at: number): string {
  if (at % 50 === 7) return `   indented <b>&"\\ line ${at} of ${name}   `;
  if (at % 50 === 8) return `{"level":"info","msg":"Grüße 🚚","n":${at},"pod":"${name}"}`;
  if (at % 50 === 9) return `${'long '.repeat(8_000)}${at} of ${name}`;
  return `line ${at} of ${name}`;
}

const skip =
  withoutCollector ??
  withoutCluster ??
  withoutKubectl ??
  (process.env.AWS_ENDPOINT_URL ? 'it brings its own AWS' : undefined);

suite('a real Collector on the files of a node', { skip }, () => {
  const home = mkdtempSync(join(tmpdir(), 'otel-'));
  const startMs = Date.now() - 600_000;
  const files = new Map<Writer, CriFile>();
  let cluster: Cluster;
  let pipeline: TestPipeline;
  let hosts: AwsHosts;
  let certificateFile = '';
  let collector: Collector | undefined;

  /** The writer's role as the infrastructure makes it, and the SDK's file of roles as the manifests have it. */
  const createWriter = async () => {
    const { bucket } = pipeline.names;
    const place = { partition: 'aws', region: REGION, accountId: PLATFORM };
    const names = {
      ...namesOf({ project: 'p', environment: 'staging', names: {}, iam: { path: '/' } }, place),
      bucketArn: `arn:aws:s3:::${bucket}`,
    };
    const principals = [`arn:aws:iam::${CLUSTER}:root`];
    const trust = writerTrust(names, { eks: undefined, principals, externalId: 'eks-eu-1' });
    const policy = writerRolePolicy(names, layoutOf(readToolSettings({})), false, undefined);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const iam = new IAMClient({ endpoint: pipeline.cloud?.url ?? '', region: REGION, credentials });
    const role = { RoleName: 'central-log-writer' };
    await iam.send(new CreateRoleCommand({ ...role, AssumeRolePolicyDocument: JSON.stringify(trust) }));
    await iam.send(new PutRolePolicyCommand({ ...role, PolicyName: 'p', PolicyDocument: JSON.stringify(policy) }));
    iam.destroy();
    // The first hop, by a token of the cluster, is EKS's: here the account's own key stands for it.
    const shipped = textOf('aws-config')
      .replace(
        /role_arn = .*\nweb_identity_token_file = .*/,
        `aws_access_key_id = ${CLUSTER}\naws_secret_access_key = test`,
      )
      .replace('999999999999', PLATFORM);
    writeFileSync(join(home, 'aws-config'), shipped);
  };
  const createPod = async ({ namespace, name, namespaceLabels, podLabels }: Writer): Promise<CriFile> => {
    await createNamespace(cluster.admin, namespace, namespaceLabels);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: podLabels },
      spec: { nodeName: NODE, containers: [{ name: 'server', image: 'server:1' }] },
    };
    const { metadata } = z
      .object({ metadata: z.looseObject({ uid: z.string() }) })
      .parse(accepted(await cluster.admin.create(pod)));
    await runPod(cluster.admin, pod);
    return criFile(join(home, 'pods'), { namespace, name, uid: metadata.uid, container: 'server' });
  };
  const start = async () => {
    const token = await cluster.tokenOf('log-collection', 'otel-collector');
    collector = await startCollector({
      home,
      environment: {
        CLUSTER_ID: 'eks-eu-1',
        ENVIRONMENT: 'production',
        CLUSTERS: 'hosted-7',
        ENVIRONMENTS: 'production,staging',
        AWS_REGION: REGION,
        LOG_BUCKET: pipeline.names.bucket,
        BUFFER_BYTES: '1073741824',
        NODE_NAME: NODE,
        AWS_CONFIG_FILE: join(home, 'aws-config'),
        AWS_PROFILE: 'writer',
        HTTPS_PROXY: hosts.proxyUrl,
        SSL_CERT_FILE: certificateFile,
        KUBECONFIG: cluster.kubeconfig(token),
      },
      overrides: {
        processors: { k8sattributes: { auth_type: 'kubeConfig' }, batch: { timeout: '500ms' } },
        exporters: { awss3: { s3uploader: { s3_force_path_style: true, retry_max_backoff: '1s' } } },
      },
    });
  };
  const write = (from: number, to: number) => {
    for (const [writer, file] of files) {
      for (let at = from; at < to; at += 1)
        file.write(startMs + at, lineOf(writer, at), at % 3 === 0 ? 'stderr' : 'stdout');
    }
  };

  before(async () => {
    [cluster, pipeline] = await Promise.all([startCluster(), startPipeline({ tenants: [ACME, INITECH] })]);
    const certificate = makeCertificate(home, ['DNS:*.amazonaws.com', `DNS:*.${REGION}.amazonaws.com`]);
    assert.ok(certificate, 'there is no openssl to make a certificate with');
    certificateFile = certificate.certFile;
    hosts = await startAwsHosts(certificate, () => pipeline.cloud?.port ?? 0);
    await applyAll(cluster.admin, render(pathOf('opentelemetry')));
    await createNode(cluster.admin, NODE);
    await createWriter();
    for (const writer of [OF_ACME, OF_INITECH, OF_NOBODY, NOT_COLLECTED]) files.set(writer, await createPod(writer));
  });
  after(async () => {
    await collector?.stop();
    await hosts?.close();
    await pipeline?.[Symbol.asyncDispose]();
    await cluster?.stop();
    rmSync(home, { recursive: true });
  });

  const expected = (writer: Writer, to: number) =>
    Array.from({ length: to }, (_, at) => JSON.stringify([startMs + at, lineOf(writer, at)])).sort();
  const delivered = async (tenant: typeof ACME) =>
    (await pipeline.logs(tenant)).map(({ timestamp, message }) => JSON.stringify([timestamp, message])).sort();
  const untilDelivered = async (to: number) => {
    for (const [tenant, writer] of [
      [ACME, OF_ACME],
      [INITECH, OF_INITECH],
    ] as const) {
      const wanted = expected(writer, to);
      await until(async () => (await delivered(tenant)).length >= wanted.length, `${tenant.tenantId} has ${to} lines`);
      assert.deepEqual(await delivered(tenant), wanted, tenant.tenantId);
    }
  };

  test('lines arrive in their tenants’ accounts with their messages and times, through rotation and throttling by S3', async () => {
    pipeline.cloud?.faults.add({
      service: 's3',
      action: 'PutObject',
      resource: 'tenant_id=',
      count: 3,
      effect: { kind: 'throttle' },
    });
    write(0, LINES / 3);
    await start();
    await untilDelivered(LINES / 3);
    for (const file of files.values()) file.rotate();
    write(LINES / 3, (2 * LINES) / 3);
    await untilDelivered((2 * LINES) / 3);
    const groups = new Set(
      [...(await pipeline.logs(ACME)), ...(await pipeline.logs(INITECH))].map(({ group }) => group),
    );
    assert.deepEqual(groups, new Set(['/tenant-logs/acme-corp/checkout', '/tenant-logs/initech/server']));
    assert.equal(await pipeline.metric('timestamps_substituted_total'), 0);
  });

  test('after a restart reading goes on where it was, with what was written in between', async () => {
    await collector?.stop();
    write((2 * LINES) / 3, LINES);
    await start();
    await untilDelivered(LINES);
  });

  test('objects lie under the keys of the service, and what has no tenant outside of them, with the reason', async () => {
    const { s3 } = pipeline.deps;
    const Bucket = pipeline.names.bucket;
    const keysOf = async (Prefix: string) => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
      return Contents.map(({ Key = '' }) => Key);
    };
    const hour = String.raw`/year=\d{4}/month=\d{2}/day=\d{2}/hour=\d{2}/logs_[0-9a-f-]{36}\.txt\.gz$`;
    const folders = [
      'logs/tenant_id=acme-corp/cluster_id=eks-eu-1/environment=staging',
      // Its label names a cluster that the platform does not list.
      'logs/tenant_id=initech/cluster_id=eks-eu-1/environment=production',
      'without-tenant/cluster_id=eks-eu-1/namespace=unclaimed',
    ];
    const recordsOfNobody = async () => {
      const texts = (await keysOf('without-tenant/')).map(async (Key) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return gunzipSync((await Body?.transformToByteArray()) ?? '').toString();
      });
      const lines = (await Promise.all(texts)).flatMap((text) => text.trimEnd().split('\n'));
      return lines.map((line): Record<string, unknown> => JSON.parse(line));
    };
    const records = await until(async () => {
      const found = await recordsOfNobody();
      return found.length >= LINES ? found : undefined;
    }, 'all records of nobody are kept');
    const keys = [...(await keysOf('logs/')), ...(await keysOf('without-tenant/'))];
    for (const key of keys)
      assert.ok(
        folders.some((folder) => new RegExp(`^${folder}${hour}`).test(key)),
        key,
      );
    assert.deepEqual(
      records.map(({ message }) => message).sort(),
      Array.from({ length: LINES }, (_, at) => lineOf(OF_NOBODY, at)).sort(),
    );
    const { ingest_timestamp, timestamp, message, ...rest } = records[0] ?? {};
    // The Collector leaves out zeros at the end of a fraction.
    for (const time of [timestamp, ingest_timestamp]) {
      assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
    }
    assert.deepEqual(rest, {
      application: 'x',
      cluster_id: 'eks-eu-1',
      environment: 'production',
      file: files.get(OF_NOBODY)?.path,
      kubernetes: { namespace: 'unclaimed', pod_name: 'x-1', container_name: 'server', node_name: NODE },
      source_type: 'filelog',
      without_tenant: 'namespace-unlabelled',
    });
  });
});
