import { constantsOf, sayConstant } from './constants.ts';
import { keysOf, type Row } from './table.ts';

const AWS_LIMITS = 'core/limits.ts';

/** Every number of core/limits.ts. */
export async function awsLimitRows(): Promise<Row[]> {
  const constants = await constantsOf(AWS_LIMITS);
  return constants.map((constant) => ({ key: `\`${constant.name}\``, cells: [sayConstant(constant)] }));
}

/**
 * The service's own limits that a table of the page lists, each by the file that has it: `zip.ts: FILES_MAX`.
 * @throws Error when the source has no such number
 */
export async function ownLimitRows(page: string, table: string): Promise<Row[]> {
  return Promise.all(
    keysOf(page, table).map(async (key) => {
      const [, file = '', name] = /^`([\w/.-]+): (\w+)`$/.exec(key) ?? [];
      const constant = (await constantsOf(file)).find((one) => one.name === name);
      if (!constant) throw new Error(`${file} has no number ${name}`);
      return { key, cells: [sayConstant(constant)] };
    }),
  );
}
