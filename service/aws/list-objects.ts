import type {
  ListObjectsV2CommandInput,
  ListObjectVersionsCommandInput,
  _Object as S3Listed,
} from '@aws-sdk/client-s3';
import type { Walk } from '../core/walk.ts';
import type { Call, S3Api } from './api.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from './retry.ts';

/** An object as a listing tells it. */
export interface ListedObject {
  readonly key: string;
  /** Without its quotes. */
  readonly eTag: string;
  /** undefined: the object was written without versioning, or versions were not asked for. */
  readonly versionId: string | undefined;
  readonly bytes: number;
  readonly lastModifiedMs: number;
  /** In an archive class and not restored: it cannot be read before it is. */
  readonly isArchived: boolean;
}

export interface ListDeps extends RetryDeps {
  readonly s3: Call<S3Api>;
  readonly bucket: string;
  /** Whether to list every version of each key, by the version's name: in a bucket with versions the ledger knows objects by it. */
  readonly versions: boolean;
  readonly signal: AbortSignal;
  /** Told of each call; S3 bills it as a LIST request. */
  readonly onCall: () => void;
}

const RETRY: RetryPolicy = { attemptsMax: 8, firstMs: 100, throttledFirstMs: 500, capMs: 10_000 };
/** Classes whose objects GetObject refuses (S3 user guide, "Understanding S3 Glacier storage classes"). */
const ARCHIVED: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

export function isArchivedClass(storageClass: string): boolean {
  return ARCHIVED.has(storageClass);
}

interface Page {
  readonly objects: readonly ListedObject[];
  readonly folders: readonly string[];
  /** The last key or folder of the page, in S3's order, if more follow. */
  readonly last: string | undefined;
  /** How to ask for what follows right behind. */
  readonly next: Partial<ListObjectsV2CommandInput & ListObjectVersionsCommandInput>;
}

/**
 * Lists what a walk wants of a bucket, a page of at most 1,000 at a time: memory does not depend on how many there are.
 * @throws what S3 answers; the signal's reason
 */
export async function* listObjects(deps: ListDeps, walk: Walk): AsyncGenerator<readonly ListedObject[]> {
  yield* visit(deps, walk, walk.start);
}

async function* visit(deps: ListDeps, walk: Walk, folder: string): AsyncGenerator<readonly ListedObject[]> {
  const verdict = walk.judge(folder);
  if (verdict === 'none') return;
  const range =
    verdict === 'folders' ? { Prefix: folder + walk.beginning(folder), Delimiter: '/' } : { Prefix: folder };
  let from: Page['next'] = {};
  for (;;) {
    const page = await ask(deps, { ...range, ...from });
    const skip = (key: string) => (verdict === 'all' ? walk.skip(folder, key) : undefined);
    const objects = page.objects.filter(({ key }) => skip(key) === undefined);
    if (objects.length > 0) yield objects;
    for (const inner of page.folders) yield* visit(deps, walk, inner);
    if (page.last === undefined) return;
    const behind = skip(page.last);
    from = behind === undefined ? page.next : { StartAfter: behind, KeyMarker: behind };
  }
}

async function ask(deps: ListDeps, { StartAfter, KeyMarker, ...range }: Page['next']): Promise<Page> {
  deps.onCall();
  const input = {
    Bucket: deps.bucket,
    // Keys may hold what XML cannot.
    EncodingType: 'url' as const,
    OptionalObjectAttributes: ['RestoreStatus' as const],
    ...range,
  };
  const options = { abortSignal: deps.signal };
  const again = <T>(call: () => Promise<T>) => withRetry(call, RETRY, deps, deps.signal);
  if (deps.versions) {
    const page = await again(() => deps.s3('ListObjectVersions', { ...input, KeyMarker }, options));
    const next = { KeyMarker: decodeListed(page.NextKeyMarker), VersionIdMarker: page.NextVersionIdMarker };
    const objects = (page.Versions ?? []).map((version) => toObject(version, version.VersionId));
    return toPage(objects, page.CommonPrefixes, page.IsTruncated ? next : undefined, next.KeyMarker);
  }
  const page = await again(() => deps.s3('ListObjectsV2', { ...input, StartAfter }, options));
  const objects = (page.Contents ?? []).map((object) => toObject(object, undefined));
  const token = page.NextContinuationToken;
  return toPage(objects, page.CommonPrefixes, token && { ContinuationToken: token }, objects.at(-1)?.key);
}

function toPage(
  objects: readonly ListedObject[],
  prefixes: readonly { readonly Prefix?: string | undefined }[] | undefined,
  next: Page['next'] | '' | undefined,
  last: string | undefined,
): Page {
  const folders = (prefixes ?? []).map(({ Prefix }) => decodeListed(Prefix));
  return next ? { objects, folders, next, last: last ?? '' } : { objects, folders, next: {}, last: undefined };
}

function toObject(listed: S3Listed, versionId: string | undefined): ListedObject {
  const { Key, ETag = '', Size: bytes = 0, LastModified, StorageClass = '', RestoreStatus } = listed;
  return {
    key: decodeListed(Key),
    eTag: ETag.replaceAll('"', ''),
    versionId: versionId === 'null' ? undefined : versionId,
    bytes,
    lastModifiedMs: LastModified?.getTime() ?? 0,
    // A restored object keeps its class; its copy is there until it expires (ListObjectsV2, `RestoreStatus`).
    isArchived: isArchivedClass(StorageClass) && RestoreStatus?.RestoreExpiryDate === undefined,
  };
}

/** S3 encodes keys like a form. An endpoint that does not encode is understood as long as its keys hold no `%` and no `+`. */
export function decodeListed(text = ''): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
