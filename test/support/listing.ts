import type { Call, S3Api } from '../../service/aws/api.ts';

/**
 * A bucket of generated keys as S3 lists it: sorted keys, pages of a thousand, folders by a delimiter. Nothing is kept of it, so
 * that it can be of any size.
 */
export interface GeneratedBucket {
  readonly calls: Call<S3Api>;
  /** Inputs of the listings so far; at most the last thousand. */
  readonly asked: Readonly<Record<string, unknown>>[];
}

export interface GeneratedObject {
  readonly key: string;
  readonly lastModifiedMs: number;
  readonly versionId?: string;
  readonly storageClass?: string;
}

const PAGE = 1_000;
const encode = (text: string) => encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+');

/** @param objects makes the keys in their order, from the beginning each time */
export function generatedBucket(objects: () => Iterable<GeneratedObject>): GeneratedBucket {
  const asked: Readonly<Record<string, unknown>>[] = [];
  const list = (input: Readonly<Record<string, unknown>>) => {
    asked.push(input);
    if (asked.length > 1_000) asked.shift();
    const prefix = String(input.Prefix ?? '');
    const after = String(input.KeyMarker ?? input.ContinuationToken ?? input.StartAfter ?? '');
    const rows: object[] = [];
    const folders: string[] = [];
    for (const { key, lastModifiedMs, versionId = 'null', storageClass } of objects()) {
      if (!key.startsWith(prefix)) continue;
      const cut = input.Delimiter === '/' ? key.indexOf('/', prefix.length) : -1;
      const folder = cut < 0 ? undefined : key.slice(0, cut + 1);
      if ((folder ?? key) <= after || (folder === folders.at(-1) && folder !== undefined)) continue;
      if (rows.length + folders.length === PAGE) return { rows, folders, isTruncated: true };
      if (folder !== undefined) folders.push(folder);
      else {
        const restore = { Key: encode(key), ETag: '"e1"', Size: 10, LastModified: new Date(lastModifiedMs) };
        rows.push({ ...restore, VersionId: versionId, StorageClass: storageClass });
      }
    }
    return { rows, folders, isTruncated: false };
  };
  const lastOf = (rows: readonly object[], folders: readonly string[]) => {
    const key = decodeURIComponent(
      String((rows.at(-1) as { Key?: string } | undefined)?.Key ?? '').replaceAll('+', ' '),
    );
    const folder = folders.at(-1) ?? '';
    return [key, folder].sort().at(-1) ?? '';
  };
  const call = async (operation: string, input: Readonly<Record<string, unknown>>) => {
    const { rows, folders, isTruncated } = list(input);
    const CommonPrefixes = folders.map((folder) => ({ Prefix: encode(folder) }));
    const last = lastOf(rows, folders);
    return operation === 'ListObjectVersions'
      ? {
          Versions: rows,
          CommonPrefixes,
          IsTruncated: isTruncated,
          NextKeyMarker: isTruncated ? encode(last) : undefined,
        }
      : {
          Contents: rows,
          CommonPrefixes,
          IsTruncated: isTruncated,
          NextContinuationToken: isTruncated ? last : undefined,
        };
  };
  return { calls: call as unknown as Call<S3Api>, asked };
}
