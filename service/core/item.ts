import * as z from 'zod';

/** Reads the attributes of a table's item, part by part, and collects every problem on the way. */
export interface ItemReader {
  /** Those of the schema's attributes that are right; what is wrong with the others is in `problems`. */
  read<S extends z.ZodObject>(schema: S): Partial<z.output<S>>;
  /** Builds something from an attribute that is right by itself; what it throws becomes a problem of that attribute. */
  attempt<T>(attribute: string, build: () => T): T | undefined;
  /** Each `attribute: rule (got value)`. */
  readonly problems: readonly string[];
}

/** null and '' are as good as absent. */
export function createItemReader(item: Readonly<Record<string, unknown>>): ItemReader {
  const given = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== ''));
  const problems: string[] = [];
  const wrong = new Set<PropertyKey>();

  const report = (attribute: string, rule: string) => {
    const value = given[attribute];
    problems.push(
      value === undefined ? `${attribute}: ${rule} (not set)` : `${attribute}: ${rule} (got ${show(value)})`,
    );
  };

  return {
    problems,
    read(schema) {
      const { error } = schema.safeParse(given);
      for (const { path, message } of error?.issues ?? []) {
        const [attribute = ''] = path;
        wrong.add(attribute);
        report(String(attribute), message);
      }
      const right = Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name)));
      return schema.partial().parse(right) as Partial<z.output<typeof schema>>;
    },
    attempt(attribute, build) {
      if (wrong.has(attribute)) return undefined;
      try {
        return build();
      } catch (error) {
        report(attribute, error instanceof Error ? error.message : String(error));
        return undefined;
      }
    },
  };
}

/** Of a value that is wrong, as much as one needs to recognize it. */
const SHOWN_LENGTH_MAX = 200;

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, part) => {
    if (part instanceof Set) return [...part];
    if (part instanceof Uint8Array) return `${part.length} bytes`;
    return typeof part === 'bigint' ? String(part) : part;
  });
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX).toWellFormed()}…`;
}

// Tables of earlier systems hold numbers and booleans as text here and there.
export const number = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], 'must be a number');
export const boolean = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
  'must be true or false',
);

/** API reference of CloudWatch Logs, TagResource. AWS keeps `aws:` for itself. */
const TAGS_MAX = 50;
const TAG_KEY = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** Tags of a resource, as a map of their names to their values. */
export const tags = z
  .record(z.string(), z.string(), 'must be a map of names to texts')
  .refine((map) => Object.keys(map).length <= TAGS_MAX, `must have at most ${TAGS_MAX} tags`)
  .refine(
    (map) => Object.entries(map).every(([key, value]) => TAG_KEY.test(key) && TAG_VALUE.test(value)),
    'must have names of 1 to 128 and values of up to 256 letters, digits, spaces and _.:/=+-@, and no name that begins with aws:',
  );

/** A list or a string set. */
export const texts = z.union(
  [z.array(z.string()), z.set(z.string()).transform((set) => [...set])],
  'must be a list or a set of strings',
);
