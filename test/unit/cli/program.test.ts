import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createSilentProgram } from '../../../local/docs/commands.ts';
import { cli } from '../../support/cli.ts';

/** Every command that does something, with its whole name. */
function leaves(command: Command, name: readonly string[] = []): { name: string; command: Command }[] {
  if (command.commands.length === 0) return [{ name: name.join(' '), command }];
  const below = command.commands.filter((one) => one.name() !== 'help');
  return below.flatMap((one) => leaves(one, [...name, one.name()]));
}

for (const { name, command } of leaves(createSilentProgram())) {
  test(`${name} has --json, and help with a description and an example`, async () => {
    assert.ok(command.options.some(({ long }) => long === '--json'));
    const { code, out } = await cli([...name.split(' '), '--help'], { environment: {} });
    assert.equal(code, 0);
    assert.match(out, /^Usage: log-distributor /);
    assert.match(out, /\nExamples?:\n {2}log-distributor /);
    assert.ok(command.description().endsWith('.'), command.description());
  });
}

test('what is usage error ends with status 2 and a hint at the help', async () => {
  for (const args of [
    ['nonsense'],
    ['tenants', 'get'],
    ['tenants', 'put'],
    ['config', 'extra'],
    ['tenants', 'list', '--no'],
  ]) {
    const { code, out, err } = await cli(args, { environment: {} });
    assert.equal(code, 2, args.join(' '));
    assert.match(err, /^error: .*\n\(see --help\)\n$/s, args.join(' '));
    assert.equal(out, '');
  }
});

test('wrong settings are reported all at once, with status 2', async () => {
  const { code, err } = await cli(['tenants', 'list'], { environment: { AWS_REGION: 'mars', AWS_ENDPOINT_URL: 'x' } });
  assert.equal(code, 2);
  assert.match(err, /^AWS_REGION: must be an AWS region/m);
  assert.match(err, /^AWS_ENDPOINT_URL: must be an http or https URL/m);
});

test('an endpoint that does not answer is told in a sentence with the next step, status 1', async () => {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  const { code, out, err } = await cli(['tenants', 'list'], {
    environment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' },
  });
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(
    err,
    /^log-distributor: http:\/\/127.0.0.1:9 does not answer: check AWS_ENDPOINT_URL.* ECONNREFUSED.*\n$/,
  );
});
