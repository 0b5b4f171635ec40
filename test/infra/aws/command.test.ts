import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GetBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { stateBucketExists } from '../../../infra/deploy/state-bucket.ts';
import { startMoto } from '../support/moto.ts';
import { synthesis } from '../support/synth.ts';
import { findTerraform, run } from '../support/terraform.ts';

/** The command line, as operators call it. */
const MAIN = fileURLToPath(new URL('../../../infra/main.ts', import.meta.url));
const infra = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  run(process.execPath, [MAIN, ...args], environment);

const found = await findTerraform();
const moto = typeof found === 'string' ? undefined : await startMoto();
const skip = typeof found === 'string' ? `left out: ${found}` : moto ? false : 'left out: there is no moto_server here';
after(async () => {
  await moto?.stop();
  // Nobody's environment, so nobody misses it.
  for (const region of ['eu-west-1', 'us-west-2']) {
    await rm(fileURLToPath(new URL(`../../../infra/synth/log-distributor-testing-${region}`, import.meta.url)), {
      recursive: true,
      force: true,
    });
  }
});

test('synth writes the configuration of an environment and says where', async () => {
  const folder = (await infra(['synth', '-e', 'testing', '--new-environment', '-r', 'eu-west-1'])).trim();
  const text = await readFile(join(folder, 'cdk.tf.json'), 'utf8');
  assert.match(text, /log-distributor-testing-delivery/);
  assert.match(text, /"region": "eu-west-1"/);
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.ok(text.includes(`:${version}`), 'the image has the version of the package');
});

test('synth --cloudformation changes nothing where the templates are current, and says where the parameters of settings are', async () => {
  assert.equal(await infra(['synth', '--cloudformation']), '');
  const settings = [
    '-e',
    'testing',
    '--new-environment',
    '-r',
    'eu-west-1',
    '--eks-oidc-issuer',
    'https://oidc.example/A',
  ];
  const file = (await infra(['synth', '--cloudformation', ...settings])).trim();
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), [
    { ParameterKey: 'EksOidcIssuer', ParameterValue: 'https://oidc.example/A' },
    { ParameterKey: 'EksNamespace', ParameterValue: 'log-collection' },
    { ParameterKey: 'EksServiceAccount', ParameterValue: 'vector' },
  ]);
  await assert.rejects(
    infra(['deploy', '--cloudformation', '-e', 'staging']),
    /ended with 2:\n--cloudformation is for synth/,
  );
});

test('settings that cannot be are told by name before anything is done', async () => {
  await assert.rejects(infra(['deploy', '--environment', 'Not-A-Name']), /ended with 2:\nenvironment: must be/);
});

test('whoever asks for nothing, or for too much, is told how', async () => {
  for (const args of [[], ['deploy'], ['explode', '--environment', 'testing'], ['synth', '--enviroment', 'testing']]) {
    await assert.rejects(infra(args), /ended with 2:[\s\S]*usage: npm run synth/, args.join(' '));
  }
});

test('production is not destroyed, and nothing is asked of AWS for it', async () => {
  const nowhere = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
  await assert.rejects(
    infra(['destroy', '--environment', 'production', '--yes'], nowhere),
    /ended with 2:\n(warning: .*\n)*production in/,
  );
});

test('a misspelt production is neither deployed nor destroyed', async () => {
  const nowhere = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
  for (const command of ['deploy', 'destroy', 'synth']) {
    const args = [command, '--environment', 'prod', '--yes'];
    await assert.rejects(infra(args, nowhere), /ended with 2:\nenvironment: .*did you mean production\?/);
  }
});

test('a file of settings is read, and everything that is wrong with it is told', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'log-distributor-command-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'mine.yaml');
  await writeFile(
    file,
    'environment: staging\nqueue:\n  retentionDays: 0\ndistributor:\n  settings: { PARK_HOURS: x }\n',
  );
  await assert.rejects(infra(['synth', '--config', file]), (error: unknown) => {
    const lines = String(error).split('\n');
    return (
      lines.some((line) => line.startsWith('queue.retentionDays: ')) &&
      lines.some((line) => line.includes('PARK_HOURS: '))
    );
  });
  await writeFile(file, 'environment: testing\nproduction: false\nregion: us-west-2\ningestion: { firehose: false }\n');
  const options = ['-r', 'eu-west-1', '--eks-oidc-issuer', 'https://oidc.example.com/id/A'];
  const synthesized = (await infra(['synth', '--config', file, ...options])).trim();
  const text = await readFile(join(synthesized, 'cdk.tf.json'), 'utf8');
  assert.match(text, /oidc-provider\/oidc.example.com\/id\/A/);
  assert.match(text, /system:serviceaccount:log-collection:vector/);
  assert.match(text, /"region": "eu-west-1"/);
  assert.ok(!text.includes('aws_kinesis_firehose'));
});

test('whoever asks for help gets it, and nothing else happens', async () => {
  for (const args of [['deploy', '--help'], ['--help']]) assert.match(await infra(args), /^usage: npm run synth/);
});

test('without credentials it says what is wanted', async () => {
  const nothing = {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_PROFILE: 'nobody',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  await assert.rejects(
    infra(['deploy', '--environment', 'testing', '--new-environment', '--plan'], nothing),
    /ended with 1:[\s\S]*set AWS_PROFILE/,
  );
});

test('a plan makes no bucket for the state, a deployment does, and then plans are made with it', {
  skip,
}, async (t) => {
  assert.ok(moto && typeof found !== 'string');
  const args = ['deploy', '--environment', 'testing', '--new-environment', '--region', 'us-west-2', '--plan'];
  const provider = ['--provider-version', found.providerVersion, '--plugin-dir', found.pluginFolder];
  const wanted = await synthesis('testing', { region: 'us-west-2' });
  t.after(() => wanted.remove());
  const plan = async () => {
    const output = await infra([...args, ...provider], { ...moto.environment, TF_CLI_ARGS: '-no-color' });
    const [, planned] = /Plan: (\d+) to add, 0 to change, 0 to destroy/.exec(output) ?? [];
    assert.equal(Number(planned), wanted.count, output.slice(-2_000));
    t.diagnostic(`${planned} to add`);
  };
  const s3 = new S3Client({
    endpoint: moto.url,
    region: 'us-west-2',
    forcePathStyle: true,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  });
  t.after(() => s3.destroy());
  const bucket = 'log-distributor-tfstate-123456789012-us-west-2';
  await plan();
  assert.equal(await stateBucketExists(s3, bucket), false);
  // Without a provider it comes no further than the bucket.
  const deployment = [
    'deploy',
    '--environment',
    'testing',
    '--new-environment',
    '--region',
    'us-west-2',
    '--yes',
    '--plugin-dir',
    'nowhere',
  ];
  await assert.rejects(infra(deployment, moto.environment), /ended with 2:\nthere is no image .* --no-tasks/);
  assert.equal(await stateBucketExists(s3, bucket), false, 'nothing is made for an image that is not there');
  await assert.rejects(infra([...deployment, '--no-tasks'], moto.environment), /terraform init failed/);
  assert.equal((await s3.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status, 'Enabled');
  await plan();
  const backend = await readFile(
    new URL('../../../infra/synth/log-distributor-testing-us-west-2/stacks/pipeline/cdk.tf.json', import.meta.url),
    'utf8',
  );
  assert.equal(JSON.parse(backend).terraform.backend.s3.bucket, bucket);
});
