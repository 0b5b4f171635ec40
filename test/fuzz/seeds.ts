import { readdirSync, readFileSync } from 'node:fs';

/** A file that is right, to be changed. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where whole files of every recognised shape are, as other writers made them. Adding a file to a folder adds it here. */
const FOLDERS = { parquet: ['parquet', 'vector', 'large'], text: ['text'] } as const;

export function seedsOf(kind: keyof typeof FOLDERS): Seed[] {
  const seeds = FOLDERS[kind].flatMap(seedsIn);
  if (seeds.length === 0) throw new Error(`there are no golden files of ${kind}`);
  return seeds;
}

function seedsIn(folder: string): Seed[] {
  const url = new URL(`../golden/${folder}/`, import.meta.url);
  const all = new Set(readdirSync(url));
  // Beside them lie what is right of each, and the programs that made them.
  const isSeed = (name: string) => name.endsWith('.parquet') || all.has(`${name}.json`);
  return [...all]
    .filter(isSeed)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(new URL(name, url)) }));
}
