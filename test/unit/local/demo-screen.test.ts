import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScreen, type TenantRow } from '../../../local/demo/screen.ts';

const ROW: TenantRow = {
  tenantId: 'acme-corp',
  accountId: '111111111111',
  objects: 99_999,
  events: 99_999_999,
  megabytesPerSecond: 123.4,
  lagSeconds: 1_234.5,
  inFlight: 999,
  trouble: 'destination-rejects-request',
};
const ROWS = [ROW, { ...ROW, tenantId: 'globex' }, { ...ROW, tenantId: 'initech' }];

const ESCAPE = String.fromCharCode(27);
const UP = new RegExp(`^${ESCAPE}\\[(\\d+)A$`);
/** A control sequence, the end of a line, or text between them. */
const PIECE = new RegExp(`(${ESCAPE}\\[\\??\\d*[A-Za-z]|\\r|\\n)|([^${ESCAPE}\\r\\n]+)`, 'g');

/** What a terminal of 80 columns shows in the end: enough of one for what the screen writes. */
function createTerminal() {
  const lines: string[] = [''];
  let at = 0;
  return {
    isTTY: true,
    columns: 80,
    lines,
    write(text: string) {
      for (const [, control, plain] of text.matchAll(PIECE)) {
        const rows = UP.exec(control ?? '');
        if (rows) at -= Number(rows[1]);
        else if (control === '\n') at++;
        else if (control === `${ESCAPE}[J`) lines.splice(at);
        else if (plain) lines[at] = (lines[at] ?? '') + plain;
      }
      return true;
    },
  };
}

test('on a terminal of 80 columns the table is drawn in place, whatever it has to say', () => {
  const terminal = createTerminal();
  const screen = createScreen(terminal, ['Introduction'], ROWS.length);
  for (let time = 0; time < 3; time++) screen.show(ROWS, 'x'.repeat(200));
  screen.say('Draining.');
  screen.close();
  const lines = Array.from(terminal.lines, (line = '') => line);
  assert.deepEqual(
    lines.filter((line) => line.length >= 80),
    [],
  );
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['Introduction', '', 'tenant', 'acme-corp', 'globex', 'initech', '', 'acme-corp:', 'Draining.'],
  );
  assert.match(lines[7] ?? '', /^acme-corp: destination-rejects-request, globex: /);
});

test('without a terminal every tenth table is written, one below the other', () => {
  let written = '';
  const out = {
    isTTY: false,
    write(text: string) {
      written += text;
      return true;
    },
  };
  const screen = createScreen(out, ['Introduction'], ROWS.length);
  for (let time = 0; time < 11; time++) screen.show(ROWS, undefined);
  assert.equal(written.match(/^tenant /gm)?.length, 2);
  assert.ok(!written.includes(ESCAPE));
});
