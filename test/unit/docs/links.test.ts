import assert from 'node:assert/strict';
import { glob, readdir, readFile, stat } from 'node:fs/promises';
import { test } from 'node:test';

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

test('every link and picture of the pages leads to a file, and to a heading where it names one', async () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of await pages()) {
    const prose = (await read(page)).replace(/```[\s\S]*?```/g, '');
    for (const [, inText, picture] of prose.matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)) {
      const link = inText ?? picture ?? '';
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

test('design.md lists every decision', async () => {
  const design = await read(new URL('docs/design.md', root));
  for (const name of await readdir(new URL('docs/decisions/', root))) {
    assert.ok(design.includes(`(decisions/${name})`), `${name} is not among the decisions`);
  }
});

test('design.md has every folder of the service in its layers, and no other', async () => {
  const design = await read(new URL('docs/design.md', root));
  const [, layers = ''] = /^## The layers$([\s\S]*?)^## /m.exec(design) ?? [];
  const rows = layers.split('\n').filter((line) => /^\| \d/.test(line));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[2] ?? '').matchAll(/`service\/([\w.]+)\/?`/g)].map(([, name]) => name),
  );
  assert.deepEqual(named.toSorted(), (await readdir(new URL('service/', root))).toSorted());
});

test('README.md leads to every page', async () => {
  const readme = await read(new URL('README.md', root));
  const elsewhere = /^docs\/decisions\//;
  for await (const name of glob('docs/**/*.md', { cwd: root })) {
    if (!elsewhere.test(name)) assert.ok(readme.includes(`(${name})`), `README.md does not lead to ${name}`);
  }
});

test('what code and configuration call a page of docs/ is one', async () => {
  const files = await Array.fromAsync(
    glob('{service,infra,k8s,local,test}/**/*.{ts,mjs,js,yaml,yml,json,env,vrl,sh}', {
      cwd: root,
      exclude: ['**/node_modules', '**/cdktf.out'],
    }),
  );
  const named: string[] = [];
  for (const file of files) {
    for (const [, page = ''] of (await read(new URL(file, root))).matchAll(/\b(docs\/[\w./-]+\.md)\b/g)) {
      named.push(page);
      assert.ok(await stat(new URL(page, root)).catch(() => undefined), `${file} names ${page}`);
    }
  }
  assert.ok(named.length > 10, `only ${named.length} names were found; the pattern is broken`);
});
