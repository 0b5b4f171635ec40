import { AwsError } from './aws-error.ts';

/** Parameters of the query protocol: a form whose names spell out lists and structures. */
export interface Form {
  get(name: string): string | undefined;
  /** @throws AwsError ValidationError */
  require(name: string): string;
  /** Values of `name.member.1`, `name.member.2`, ... */
  list(name: string): string[];
  /** Structures of `name.member.1.Field`, ... */
  structures(name: string): ReadonlyMap<string, string>[];
}

const MEMBERS_MAX = 1_000;

export function parseForm(body: Buffer): Form {
  const params = new URLSearchParams(body.toString());
  const get = (name: string) => params.get(name) ?? undefined;
  return {
    get,
    require(name) {
      const value = get(name);
      if (value === undefined) {
        const path = name.charAt(0).toLowerCase() + name.slice(1);
        throw new AwsError(
          'ValidationError',
          `1 validation error detected: Value null at '${path}' failed to satisfy constraint: Member must not be null`,
        );
      }
      return value;
    },
    list(name) {
      const values: string[] = [];
      for (let i = 1; i <= MEMBERS_MAX; i++) {
        const value = get(`${name}.member.${i}`);
        if (value === undefined) break;
        values.push(value);
      }
      return values;
    },
    structures(name) {
      const found: Map<string, string>[] = [];
      for (const [key, value] of params) {
        const [, index = '', field = ''] = new RegExp(`^${name}\\.member\\.(\\d{1,4})\\.(.+)$`).exec(key) ?? [];
        if (index === '' || Number(index) < 1 || Number(index) > MEMBERS_MAX) continue;
        const at = Number(index) - 1;
        found[at] ??= new Map();
        found[at].set(field, value);
      }
      return found.filter((structure) => structure !== undefined);
    },
  };
}
