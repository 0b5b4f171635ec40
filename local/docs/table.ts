/**
 * Tables of Markdown pages whose first columns come from code and whose last columns are written by hand. A row's prose stays with its
 * key. A line `<!-- npm run docs: NAME -->` stands above each.
 */

/** One row as the code knows it. */
export interface Row {
  /** The first cell. */
  readonly key: string;
  /** The further cells that the code knows. */
  readonly cells: readonly string[];
}

/**
 * Rewrites a table of a page: the rows of the code in their order, each with its prose. A new row has empty cells, to be filled in by hand.
 * @throws Error when the page has no such table
 */
export function fillTable(page: string, name: string, rows: readonly Row[]): string {
  const [table, header, prose] = findTable(page, name);
  const columns = cellsOf(header).length;
  const lines = rows.map(({ key, cells }) => {
    const written = columns - 1 - cells.length;
    const kept = written === 0 ? [] : (prose.get(key)?.slice(-written) ?? Array<string>(written).fill(''));
    return `| ${[key, ...cells, ...kept].join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |');
  });
  return page.replace(table, () => [header, `|${'---|'.repeat(columns)}`, ...lines, ''].join('\n'));
}

/** Keys of a table's rows, in their order. */
export function keysOf(page: string, name: string): string[] {
  return [...findTable(page, name)[2].keys()];
}

/** Keys of the rows without a description: their last cell is empty. */
export function undescribed(page: string, name: string): string[] {
  return [...findTable(page, name)[2]].filter(([, cells]) => cells.at(-1) === '').map(([key]) => key);
}

function findTable(page: string, name: string): [table: string, header: string, cells: Map<string, string[]>] {
  const [, table] = new RegExp(`^<!-- npm run docs: ${name} -->\n((?:\\|.*\n)+)`, 'm').exec(page) ?? [];
  if (table === undefined) throw new Error(`the page has no table "npm run docs: ${name}"`);
  const [header = '', , ...rows] = table.trimEnd().split('\n');
  return [table, header, new Map(rows.map((row) => [cellsOf(row)[0] ?? '', cellsOf(row).slice(1)]))];
}

/** A bar within a cell is written `\|`. */
function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}
