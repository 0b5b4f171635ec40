import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What pyarrow says of files. */
export interface Pyarrow {
  readonly version: string;
  /** Where the rows of the n-th file are; undefined where pyarrow does not read it. */
  rowsOf(n: number): string | undefined;
  /** Why pyarrow does not read the n-th file. */
  errorOf(n: number): string | undefined;
}

const SCRIPT = fileURLToPath(new URL('./pyarrow_values.py', import.meta.url));

/** Reads files with the pyarrow of a Python; undefined when it has none. @param folder where the rows are put */
export async function readWithPyarrow(
  python: string,
  files: readonly string[],
  folder: string,
  rowsMax: number,
): Promise<Pyarrow | undefined> {
  if (spawnSync(python, ['-c', 'import pyarrow.parquet'], { stdio: 'ignore' }).status !== 0) return undefined;
  const child = spawn(python, [SCRIPT, folder, String(rowsMax)], { stdio: ['pipe', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (piece: Buffer) => {
    output += piece.toString();
  });
  child.stdin.end(`${files.join('\n')}\n`);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`${SCRIPT} ended with ${status}`);
  const place = (n: number, ending: string) => join(folder, `${n}.${ending}`);
  return {
    version: output.trim(),
    rowsOf: (n) => (existsSync(place(n, 'ndjson')) ? place(n, 'ndjson') : undefined),
    errorOf: (n) => (existsSync(place(n, 'error')) ? readFileSync(place(n, 'error'), 'utf8') : undefined),
  };
}
