import * as z from 'zod';

/**
 * A line that Firehose writes under its error prefix for a record that it could not partition, convert or process: the record
 * in base64, and why (Firehose developer guide, "Handle data delivery failures"). Its names for the reason differ by kind.
 */
const errorLine = z.looseObject({
  rawData: z.base64(),
  errorCode: z.string().optional(),
  lastErrorCode: z.string().optional(),
});

/** The texts of a line's record: one, or several where lines were packed into a record. undefined: no such line. */
export function recordsOfErrorLine(line: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { data } = errorLine.safeParse(value);
  if (!data) return undefined;
  const text = Buffer.from(data.rawData, 'base64').toString('utf8');
  return text.split('\n').filter((part) => part.trim() !== '');
}
