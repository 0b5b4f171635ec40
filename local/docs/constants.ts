import { glob, readFile } from 'node:fs/promises';

/** Reads numbers from the service's source, because most limits are private to the file that enforces them. */

/** A declared constant. */
export interface Constant {
  readonly name: string;
  readonly value: number;
}

const service = new URL('../../service/', import.meta.url);
const DECLARATION = /^(?:export )?const ([A-Z][A-Z0-9_]*) = ([^;]+);/gm;

/** The numeric constants of every file of the service, by its path below service/. */
export async function serviceConstants(): Promise<ReadonlyMap<string, readonly Constant[]>> {
  const paths = await Array.fromAsync(glob('**/*.ts', { cwd: service, exclude: ['kernel/assembly'] }));
  const entries = paths.map(
    async (path) => [path, parseConstants(await readFile(new URL(path, service), 'utf8'))] as const,
  );
  return new Map(await Promise.all(entries));
}

/**
 * The constant that a page means.
 * @param reference its name, or `zip.ts: FILES_MAX` where several files have one of that name
 * @throws Error when there is none, or more than one
 */
export function findConstant(files: ReadonlyMap<string, readonly Constant[]>, reference: string): Constant {
  const [name = '', file = ''] = reference.split(': ').reverse();
  const candidates = [...files]
    .filter(([path]) => file === '' || path.endsWith(`/${file}`))
    .flatMap(([, constants]) => constants.filter((constant) => constant.name === name));
  const [constant] = candidates;
  if (!constant || candidates.length > 1) throw new Error(`the service has ${candidates.length} numbers ${reference}`);
  return constant;
}

/** The numeric constants of a source text; others are left out. */
export function parseConstants(source: string): Constant[] {
  const known = new Map<string, number>();
  const found: Constant[] = [];
  for (const [, name = '', expression = ''] of source.matchAll(DECLARATION)) {
    const value = evaluate(expression, known);
    if (Number.isNaN(value)) continue;
    known.set(name, value);
    found.push({ name, value });
  }
  return found;
}

/** Sums, differences and products of numbers and of constants before; NaN where it is anything else. */
function evaluate(expression: string, known: ReadonlyMap<string, number>): number {
  const operand = (text: string) => known.get(text.trim()) ?? Number(text.trim().replaceAll('_', '') || Number.NaN);
  const product = (text: string) => text.split('*').reduce((result, factor) => result * operand(factor), 1);
  return expression.split('+').reduce((sum, part) => {
    const [first = '', ...rest] = part.split(' - ');
    return sum + rest.reduce((result, term) => result - product(term), product(first));
  }, 0);
}

/** A number with the unit that its constant's name ends in, as a person would say it. */
export function sayConstant({ name, value }: Constant): string {
  if (/(^|_)MS(_|$)/.test(name)) return sayDuration(value);
  if (/(^|_)SECONDS(_|$)/.test(name)) return sayDuration(value * 1_000);
  if (/(^|_)MB(_|$)/.test(name)) return `${value.toLocaleString('en')} MiB`;
  if (/(^|_)BYTES(_|$)/.test(name)) return sayBytes(value);
  return value.toLocaleString('en');
}

function sayDuration(ms: number): string {
  const units = [
    [86_400_000, 'days'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  // Two days and more are days: 24 h is how AWS says one.
  const [size, unit] = units.find(([length], at) => ms >= length * (at === 0 ? 2 : 1) && ms % length === 0) ?? [
    1,
    'ms',
  ];
  return `${(ms / size).toLocaleString('en')} ${unit}`;
}

function sayBytes(bytes: number): string {
  for (const [size, unit] of [
    [1024 ** 3, 'GiB'],
    [1024 ** 2, 'MiB'],
    [1024, 'KiB'],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${(bytes / size).toLocaleString('en')} ${unit}`;
  }
  return `${bytes.toLocaleString('en')} bytes`;
}
