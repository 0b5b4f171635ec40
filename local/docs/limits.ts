import { findConstant, sayConstant, serviceConstants } from './constants.ts';
import { keysOf, type Row } from './table.ts';

const AWS_LIMITS = 'core/limits.ts';

/** Every number of core/limits.ts. */
export async function awsLimitRows(): Promise<Row[]> {
  const constants = (await serviceConstants()).get(AWS_LIMITS) ?? [];
  return constants.map((constant) => ({ key: `\`${constant.name}\``, cells: [sayConstant(constant)] }));
}

/**
 * The service's own limits in a table of the page.
 * @throws Error when the source has no such number, or several
 */
export async function ownLimitRows(page: string, table: string): Promise<Row[]> {
  const files = await serviceConstants();
  return keysOf(page, table).map((key) => {
    const constant = findConstant(files, key.replaceAll('`', ''));
    return { key, cells: [sayConstant(constant)] };
  });
}
