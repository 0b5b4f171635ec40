import { readFile } from 'node:fs/promises';

/** The blocks of commands in a section of a page, up to the next heading of its level, in their order. */
export async function blocksOf(page: string, heading: string): Promise<string[]> {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
  const [, after] = text.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`${page} has no ${heading}`);
  const [section = ''] = after.split(`\n${heading.split(' ')[0]} `);
  return [...section.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}
