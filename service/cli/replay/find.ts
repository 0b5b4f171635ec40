import type { Call, S3Api } from '../../aws/api.ts';
import { type ListedObject, listObjects } from '../../aws/list-objects.ts';
import type { KeyTemplate } from '../../core/object-key.ts';
import { createWalk, type WalkRange } from '../../core/walk.ts';
import { CommandError } from '../errors.ts';

/** An object of the time range, as S3 lists it. */
export type FoundObject = Pick<ListedObject, 'key' | 'eTag' | 'bytes' | 'lastModifiedMs'>;

export interface Found {
  /** In the order in which they were written. */
  readonly objects: readonly FoundObject[];
  /** Objects of the range in an archive class that are not restored, and cannot be read before they are. */
  readonly archived: number;
  /** ListObjectsV2 calls that it took. */
  readonly calls: number;
}

export interface FindDeps {
  readonly s3: Call<S3Api>;
  readonly bucket: string;
  readonly keyTemplate: KeyTemplate;
  readonly range: WalkRange;
  readonly signal: AbortSignal;
  readonly random: () => number;
  readonly onFound: (count: number) => void;
}

/** What a replay holds in memory, and a person can want at once; a week of an object every three seconds. */
const OBJECTS_MAX = 200_000;

/** @throws CommandError when there are more than a replay takes */
export async function findObjects({ keyTemplate, range, onFound, ...deps }: FindDeps): Promise<Found> {
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

  const listing = { ...deps, versions: false, onCall: () => calls++ };
  for await (const page of listObjects(listing, createWalk(range))) {
    for (const { isArchived, versionId: _, ...object } of page) {
      const inRange = object.lastModifiedMs >= range.fromMs && object.lastModifiedMs < range.toMs;
      // A key that ends with a slash is how consoles make a folder.
      if (!inRange || object.key.endsWith('/') || !isAsked(object.key)) continue;
      if (isArchived) archived++;
      else objects.push(object);
      if (objects.length > OBJECTS_MAX) {
        throw new CommandError(`more than ${OBJECTS_MAX} objects: choose a shorter time range`);
      }
    }
    onFound(objects.length);
  }
  objects.sort((a, b) => a.lastModifiedMs - b.lastModifiedMs || (a.key < b.key ? -1 : 1));
  return { objects, archived, calls };
}
