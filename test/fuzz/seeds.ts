import { readdirSync, readFileSync } from 'node:fs';

/** A file that is right, to be changed. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where whole files of every recognised shape are, as other writers made them. Adding a file to a folder adds it here. */
const FOLDERS = {
  parquet: { folder: '../golden/parquet/', isSeed: (name: string) => name.endsWith('.parquet') },
  text: {
    folder: '../golden/text/',
    isSeed: (name: string, all: ReadonlySet<string>) => all.has(`${name}.json`),
  },
} as const;

/** Larger ones take so long that few of their changes would be tried. */
const SEED_BYTES_MAX = 20 * 1024;

export function seedsOf(kind: keyof typeof FOLDERS): Seed[] {
  const { folder, isSeed } = FOLDERS[kind];
  const url = new URL(folder, import.meta.url);
  const all = new Set(readdirSync(url));
  const names = [...all].filter((name) => isSeed(name, all)).sort();
  if (names.length === 0) throw new Error(`${folder} has no files`);
  const seeds = names.map((name) => ({ name, bytes: readFileSync(new URL(name, url)) }));
  return seeds.filter(({ bytes }) => bytes.length <= SEED_BYTES_MAX);
}
