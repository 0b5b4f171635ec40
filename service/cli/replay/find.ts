import {
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
  type _Object as S3Listed,
} from '@aws-sdk/client-s3';
import type { KeyTemplate } from '../../core/object-key.ts';
import { CommandError } from '../errors.ts';
import { createWalk, type WalkRange } from './walk.ts';

/** An object of the time range, as S3 lists it. */
export interface FoundObject {
  readonly key: string;
  readonly eTag: string;
  readonly bytes: number;
  readonly lastModifiedMs: number;
}

export interface Found {
  /** In the order in which they were written. */
  readonly objects: readonly FoundObject[];
  /** Objects of the range in an archive class that are not restored, and cannot be read before they are. */
  readonly archived: number;
  /** ListObjectsV2 calls that it took. */
  readonly calls: number;
}

export interface FindDeps {
  readonly s3: Pick<S3Client, 'send'>;
  readonly bucket: string;
  readonly keyTemplate: KeyTemplate;
  readonly range: WalkRange;
  readonly signal: AbortSignal;
  readonly onFound: (count: number) => void;
}

/** What a replay holds in memory, and a person can want at once; a week of an object every three seconds. */
const OBJECTS_MAX = 200_000;
/** Classes whose objects GetObject refuses (S3 user guide, "Understanding S3 Glacier storage classes"). */
const ARCHIVED: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** A restored object keeps its class; its copy is there until it expires (ListObjectsV2, `RestoreStatus`). */
function isArchived({ StorageClass, RestoreStatus }: S3Listed): boolean {
  return ARCHIVED.has(StorageClass ?? '') && RestoreStatus?.RestoreExpiryDate === undefined;
}

/** @throws CommandError when there are more than a replay takes */
export async function findObjects({ s3, bucket, keyTemplate, range, signal, onFound }: FindDeps): Promise<Found> {
  const walk = createWalk(range);
  const objects: FoundObject[] = [];
  let archived = 0;
  let calls = 0;

  const isAsked = (key: string) => {
    try {
      const fields = keyTemplate.parse(key);
      return Object.entries(range.known).every(([name, value]) => fields[name] === value);
    } catch {
      return false;
    }
  };

  const take = (page: ListObjectsV2CommandOutput) => {
    for (const object of page.Contents ?? []) {
      const { Key: key = '', ETag = '', Size: bytes = 0, LastModified } = object;
      const lastModifiedMs = LastModified?.getTime() ?? 0;
      const inRange = lastModifiedMs >= range.fromMs && lastModifiedMs < range.toMs;
      // A key that ends with a slash is how consoles make a folder.
      if (!inRange || key.endsWith('/') || !isAsked(key)) continue;
      if (isArchived(object)) archived++;
      else objects.push({ key, eTag: ETag.replaceAll('"', ''), bytes, lastModifiedMs });
      if (objects.length > OBJECTS_MAX) {
        throw new CommandError(`more than ${OBJECTS_MAX} objects: choose a shorter time range`);
      }
    }
    onFound(objects.length);
  };

  const visit = async (folder: string, delimiter: '/' | undefined): Promise<string[]> => {
    const folders: string[] = [];
    let token: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await s3.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          OptionalObjectAttributes: ['RestoreStatus'],
          Prefix: delimiter ? folder + walk.beginning(folder) : folder,
          ...(delimiter ? { Delimiter: delimiter } : {}),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        { abortSignal: signal },
      );
      calls++;
      take(page);
      for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix !== undefined) folders.push(Prefix);
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return folders;
  };

  const waiting = [walk.start];
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    const verdict = walk.judge(folder);
    if (verdict === 'none') continue;
    waiting.push(...(await visit(folder, verdict === 'folders' ? '/' : undefined)));
  }
  objects.sort((a, b) => a.lastModifiedMs - b.lastModifiedMs || (a.key < b.key ? -1 : 1));
  return { objects, archived, calls };
}
