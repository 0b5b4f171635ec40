import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { cli } from '../../support/cli.ts';

/** What bash offers for a command line whose last word is being typed. */
function offered(script: string, ...words: readonly string[]): string[] {
  const program = `${script}
COMP_WORDS=(log-distributor "$@"); COMP_CWORD=$#; _log_distributor; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', program, 'bash', ...words], { encoding: 'utf8' });
  return output.trim().split('\n');
}

test('bash completes commands, commands below them and their options, also behind options', async () => {
  const { code, out } = await cli(['completion', 'bash'], { environment: {} });
  assert.equal(code, 0);
  assert.deepEqual(offered(out, 'dead'), ['dead-letters']);
  assert.deepEqual(offered(out, 'dead-letters', 're'), ['redrive']);
  assert.deepEqual(offered(out, 'dead-letters', 'redrive', '--yes', '--re'), ['--reason']);
  assert.deepEqual(offered(out, 'tenants', 'verify', 'acme', '--js'), ['--json']);
});

test('zsh takes the completions of bash; another shell is a usage error', async () => {
  const { out } = await cli(['completion', 'zsh'], { environment: {} });
  assert.match(out, /bashcompinit[\s\S]*complete -o default -F _log_distributor log-distributor\n$/);
  assert.equal((await cli(['completion', 'fish'], { environment: {} })).code, 2);
});
