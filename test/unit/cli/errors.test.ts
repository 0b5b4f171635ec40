import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../../service/cli/errors.ts';

const PLACE = { endpointUrl: undefined, region: 'eu-west-1' };
const coded = (message: string, code: string) => Object.assign(new Error(message), { code });

test('the failure of a file is told as it is, and that of the network names AWS', () => {
  assert.equal(
    explain(coded('EACCES: permission denied, open x', 'EACCES'), PLACE),
    'EACCES: permission denied, open x',
  );
  assert.match(
    explain(coded('connect', 'ECONNREFUSED'), PLACE),
    /^AWS in eu-west-1 does not answer: .* ECONNREFUSED: connect$/,
  );
});
