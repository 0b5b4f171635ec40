import assert from 'node:assert/strict';
import { glob, readdir, readFile, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { SETTING_NAMES, settingOrigins } from '../../../service/base/settings.ts';

const root = new URL('../../../', import.meta.url);
const read = (url: URL) => readFile(url, 'utf8');

const pages = () =>
  Array.fromAsync(glob('**/*.md', { cwd: root, exclude: ['**/node_modules'] }), (name) => new URL(name, root));

/** As GitHub makes them of headings. */
function anchorsOf(page: string): Set<string> {
  const headings = page.matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link between the pages leads to a file, and to a heading where it names one', async () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of await pages()) {
    const prose = (await read(page)).replace(/```[\s\S]*?```/g, '');
    for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      links++;
      const target = new URL(link, page);
      const anchor = target.hash.slice(1);
      target.hash = '';
      const there = await stat(target).catch(() => undefined);
      if (!there || (anchor !== '' && !anchorsOf(await read(target)).has(anchor))) broken.push(`${page} → ${link}`);
    }
  }
  assert.ok(links > 50, `only ${links} links were found; the pattern is broken`);
  assert.deepEqual(broken, []);
});

test('design.md lists every setting, and every decision', async () => {
  const design = await read(new URL('docs/design.md', root));
  const [, section = ''] = /^### Settings$([\s\S]*?)^### /m.exec(design) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
  assert.deepEqual(named.toSorted(), SETTING_NAMES.toSorted());
  for (const { name, value } of settingOrigins({})) {
    const row = rows.find((line) => line.includes(`\`${name}\``)) ?? '';
    // Defaults that are not the same everywhere, or too long for a cell, are described.
    if (value !== undefined && !/cores|see above/.test(row)) assert.ok(row.includes(value), `${name}: ${value}`);
  }
  for (const name of await readdir(new URL('docs/decisions/', root))) {
    assert.ok(design.includes(`(decisions/${name})`), `${name} is not among the decisions`);
  }
});
