import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { find, pathOf, renderWith, withoutKubectl } from './support/kustomize.ts';

const TEMPLATE = 'iam/collector-role.yaml';

test('with Pod Identity the service account has no annotation, and all else is as before', {
  skip: withoutKubectl,
}, () => {
  const account = find(
    renderWith('vector/overlays/s3', ['vector/components/pod-identity']),
    'ServiceAccount',
    'vector',
  );
  assert.deepEqual(account.metadata.annotations ?? {}, {});
});

test('the template of the role is for the service account that the collectors have', { skip: withoutKubectl }, () => {
  const text = readFileSync(pathOf(TEMPLATE), 'utf8');
  const account = find(renderWith('vector/overlays/s3', []), 'ServiceAccount', 'vector');
  const defaultOf = (name: string) =>
    new RegExp(`^  ${name}:\\n    Type: String\\n    Default: (\\S+)$`, 'm').exec(text)?.[1];
  assert.deepEqual(
    [defaultOf('Namespace'), defaultOf('ServiceAccount')],
    [account.metadata.namespace, account.metadata.name],
  );
});

const withoutLint =
  spawnSync('cfn-lint', ['--version']).status === 0 ? undefined : 'left out: there is no cfn-lint here';

test('cfn-lint has nothing to say about the template of the role', { skip: withoutLint }, () => {
  const { status, stdout, stderr } = spawnSync('cfn-lint', [pathOf(TEMPLATE)], { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
});
