import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Endpoint } from './e2e/endpoints.ts';

/** The modes that `npm run test:all` runs in: kinds of kernel (test/support/kernel.ts), each an environment. */
export interface Mode {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The service that end-to-end tests start is what the image has (local/bundle.ts), instead of the sources. */
  readonly ofBundle?: true;
}

const AS_IT_IS: Mode = { name: 'as it is', environment: {} };
const POISONED: Mode = { name: 'memory is poisoned', environment: { KERNEL_POISON: 'true' } };
const BUNDLE_AND_POISONED: Mode = { ...POISONED, name: `of the bundle, ${POISONED.name}`, ofBundle: true };
const PLAIN_AND_POISONED: Mode = {
  name: `with the plain decoder, ${POISONED.name}`,
  environment: { ...POISONED.environment, PLAIN_DECODER: 'true' },
};

/** A mode that whoever runs the tests has asked for. */
function asked(): Mode | undefined {
  const { KERNEL_POISON, PLAIN_DECODER } = process.env;
  return KERNEL_POISON || PLAIN_DECODER ? { name: 'as the environment says', environment: {} } : undefined;
}

/**
 * The first one is for all tests.
 * @param each instead of the first one only
 */
export function modes(each: boolean): readonly Mode[] {
  const one = asked();
  if (one) return [one];
  // What fails as it is fails with poison too, so a run of its own would find nothing more.
  return each ? [POISONED, PLAIN_AND_POISONED] : [AS_IT_IS];
}

/** Emulators are for what differs between them and AWS, which no kernel does. */
export function endToEndModes({ leavesOut }: Pick<Endpoint, 'leavesOut'>, each: boolean): readonly Mode[] {
  const one = asked();
  if (one) return [one];
  return each && leavesOut === '' ? [BUNDLE_AND_POISONED, PLAIN_AND_POISONED] : [AS_IT_IS];
}

/** What makes kernels for tests. */
const KERNEL = new URL('support/kernel.ts', import.meta.url).href;

/** @returns those of the files that use a kernel, or start a thread that does: by what they import, directly or not */
export async function dependsOnKernel(files: readonly string[]): Promise<string[]> {
  const root = new URL('../', import.meta.url);
  const known = new Map<string, Promise<readonly string[]>>();
  const reaches = async (url: string, passed: Set<string>): Promise<boolean> => {
    if (url === KERNEL) return true;
    if (passed.has(url)) return false;
    passed.add(url);
    const imports = known.get(url) ?? importsOf(url);
    known.set(url, imports);
    for (const one of await imports) if (await reaches(one, passed)) return true;
    return false;
  };
  const found = await Promise.all(files.map((file) => reaches(new URL(file, root).href, new Set())));
  return files.filter((_, at) => found[at]);
}

/** Files of test/ that a file imports, or names as a thread to start. */
async function importsOf(url: string): Promise<readonly string[]> {
  const text = await readFile(fileURLToPath(url), 'utf8');
  const paths = text.matchAll(/(?:from|new URL\()\s*'([^']+\.ts)'/g);
  const urls = [...paths].map(([, path = '']) => new URL(path, url).href);
  return urls.filter((one) => one.startsWith(new URL('./', import.meta.url).href));
}
