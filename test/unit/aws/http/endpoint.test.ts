import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import {
  findEndpoint,
  findUserAgent,
  type HostVariant,
  hostOf,
  type ServiceId,
} from '../../../../service/aws/http/endpoint.ts';
import { isPlainBucket, placeOf } from '../../../../service/aws/http/get-object.ts';

/** Where our own calls go, against the rules of the SDK. */

const REGIONS = (
  'af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ' +
  'ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-7 ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 ' +
  'eu-central-2 eu-isoe-west-1 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 ' +
  'me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 ' +
  'us-isob-east-1 us-isof-east-1 us-isof-south-1 us-west-1 us-west-2 xx-nowhere-9'
).split(' ');
const VARIANTS: readonly HostVariant[] = [
  { fips: false, dualStack: false },
  { fips: true, dualStack: false },
  { fips: false, dualStack: true },
  { fips: true, dualStack: true },
];

const options = { region: 'us-east-1' };
/** The rules of the SDK for a service. */
const RULES: Readonly<Record<ServiceId, (parameters: never) => { readonly url: URL }>> = {
  dynamodb: new DynamoDBClient(options).config.endpointProvider,
  kms: new KMSClient(options).config.endpointProvider,
  logs: new CloudWatchLogsClient(options).config.endpointProvider,
  s3: new S3Client(options).config.endpointProvider,
  sqs: new SQSClient(options).config.endpointProvider,
  sts: new STSClient(options).config.endpointProvider,
};

for (const service of Object.keys(RULES) as ServiceId[]) {
  test(`the host of ${service} is that of the SDK's rules, in every region and variant`, () => {
    const differing: string[] = [];
    for (const region of REGIONS) {
      for (const variant of VARIANTS) {
        let expected: string;
        try {
          const parameters = { Region: region, UseFIPS: variant.fips, UseDualStack: variant.dualStack };
          expected = RULES[service](parameters as never).url.host;
        } catch {
          // A variant that the partition does not have.
          continue;
        }
        const own = hostOf(service, region, variant);
        if (own !== expected) differing.push(`${region} ${JSON.stringify(variant)}: ${own}, not ${expected}`);
      }
    }
    assert.deepEqual(differing, []);
  });
}

test("an object's address is that of the SDK's rules, for names of every kind of a bucket", () => {
  const buckets = [
    'abc',
    'central-logs-111111111111',
    'with.dots',
    'a.b-c.d',
    'UPPER',
    'under_score',
    '1-2-3',
    'x'.repeat(63),
  ];
  const urls = [
    'https://s3.eu-west-1.amazonaws.com',
    'http://127.0.0.1:4566',
    'http://localhost:4566',
    'https://s3.example.com/base',
  ];
  const differing: string[] = [];
  for (const bucket of buckets) {
    for (const url of urls) {
      for (const forcePathStyle of [true, false]) {
        const parameters = {
          Bucket: bucket,
          Region: 'eu-west-1',
          UseFIPS: false,
          UseDualStack: false,
          ForcePathStyle: forcePathStyle,
          ...(url.includes('amazonaws') ? {} : { Endpoint: url }),
        };
        let expected: string;
        try {
          expected = RULES.s3(parameters as never).url.href.replace(/\/$/, '');
        } catch {
          // A name in front of an address, which the SDK's rules make and no URL can be.
          continue;
        }
        const { origin, path } = placeOf(new URL(url), bucket, forcePathStyle);
        const own = `${origin.origin}${path}`;
        if (own !== expected) differing.push(`${bucket} at ${url}, ${forcePathStyle}: ${own}, not ${expected}`);
      }
    }
  }
  assert.deepEqual(differing, []);
});

test('buckets whose addresses follow other rules are left to the SDK', () => {
  const others = [
    'arn:aws:s3:eu-west-1:111111111111:accesspoint/logs',
    'arn:aws:s3::111111111111:accesspoint/mfzwi23gnjvgw.mrap',
    'logs--euw1-az1--x-s3',
    'logs--euw1-az1--xa-s3',
    'logs-abcdefghijklmnop-s3alias',
    'logs--op-s3',
  ];
  assert.deepEqual(others.filter(isPlainBucket), []);
  assert.ok(['central', 'a--b', 'with.dots', 'logs-s3'].every(isPlainBucket));
});

suite('what the environment and the configuration file say holds as for the SDK', () => {
  let folder: string;
  const kept = { ...process.env };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'endpoint-'));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
    Object.assign(process.env, kept);
  });

  const CASES: readonly (readonly [what: string, environment: Readonly<Record<string, string>>, file: string])[] = [
    ['nothing', {}, ''],
    ['FIPS', { AWS_USE_FIPS_ENDPOINT: 'true' }, ''],
    ['dual stack', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, ''],
    ['both', { AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_USE_FIPS_ENDPOINT: 'true' }, ''],
    ['an endpoint of all', { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }, ''],
    ['an endpoint of each', { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:1', AWS_ENDPOINT_URL: 'http://127.0.0.1:2' }, ''],
    ['an endpoint of logs', { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: 'http://127.0.0.1:1' }, ''],
    [
      'an ignored endpoint',
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:2', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      '',
    ],
    ['blanks', { AWS_ENDPOINT_URL: '', AWS_ENDPOINT_URL_SQS: '' }, ''],
    ['a profile with FIPS', {}, '[default]\nuse_fips_endpoint = true\n'],
    ['a profile with dual stack', { AWS_PROFILE: 'p' }, '[profile p]\nuse_dualstack_endpoint = true\n'],
    ['a profile with an endpoint', {}, '[default]\nendpoint_url = http://127.0.0.1:3\n'],
    [
      'a profile with endpoints of services',
      {},
      '[default]\nservices = mine\nendpoint_url = http://127.0.0.1:3\n[services mine]\nsqs =\n  endpoint_url = http://127.0.0.1:4\ndynamodb =\n  endpoint_url = http://127.0.0.1:5\n',
    ],
  ];

  for (const [what, environment, file] of CASES) {
    test(what, async () => {
      const config = join(folder, what.replaceAll(' ', '-'));
      await writeFile(config, file);
      Object.assign(process.env, { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: config, ...environment });
      for (const [service, Client] of [
        ['dynamodb', DynamoDBClient],
        ['logs', CloudWatchLogsClient],
        ['sqs', SQSClient],
        ['sts', STSClient],
      ] as const) {
        const expected = await addressOf(new Client({ region: 'eu-west-1', ...KEYS }));
        const { url } = await findEndpoint(service, { region: 'eu-west-1' });
        assert.equal(url.host, expected, service);
      }
    });
  }

  test('the name of an application is told with every call', async () => {
    assert.equal(await findUserAgent(), 'log-distributor');
    process.env.AWS_SDK_UA_APP_ID = 'platform';
    assert.equal(await findUserAgent(), 'log-distributor app/platform');
    process.env.AWS_SDK_UA_APP_ID = 'log  platform (ü)';
    assert.equal(await findUserAgent(), 'log-distributor app/log--platform----');
  });
});

const KEYS = { credentials: { accessKeyId: 'a', secretAccessKey: 's' } };

/** The host to which a client would send, by a handler that sends nothing. */
async function addressOf(client: DynamoDBClient | CloudWatchLogsClient | SQSClient | STSClient): Promise<string> {
  let host = '';
  const { middlewareStack } = client as DynamoDBClient;
  middlewareStack.add(
    () => async (args) => {
      const { hostname, port } = args.request as { hostname: string; port?: number };
      host = port === undefined ? hostname : `${hostname}:${port}`;
      throw new Error('not sent');
    },
    { step: 'finalizeRequest', priority: 'low', name: 'address' },
  );
  const { ListTablesCommand } = await import('@aws-sdk/client-dynamodb');
  const { DescribeLogGroupsCommand } = await import('@aws-sdk/client-cloudwatch-logs');
  const { ListQueuesCommand } = await import('@aws-sdk/client-sqs');
  const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const send = async (): Promise<unknown> => {
    if (client instanceof DynamoDBClient) return client.send(new ListTablesCommand({}));
    if (client instanceof CloudWatchLogsClient) return client.send(new DescribeLogGroupsCommand({}));
    if (client instanceof SQSClient) return client.send(new ListQueuesCommand({}));
    return client.send(new GetCallerIdentityCommand({}));
  };
  await assert.rejects(send(), { message: 'not sent' });
  return host;
}
