import { readFile } from 'node:fs/promises';
import type { ServedObject } from './calls.ts';
import type { Answer, RequestHead } from './http.ts';

/** GetObject of S3, from memory: ranges, ETag, If-Match. */
export interface Objects {
  serve(objects: readonly ServedObject[]): Promise<void>;
  get(head: RequestHead): Answer;
}

interface Loaded {
  readonly bytes: Buffer;
  readonly eTag: string;
  readonly lastModified: string;
}

export function createObjects(nowMs: () => number): Objects {
  let objects = new Map<string, Loaded>();
  return {
    async serve(list) {
      const lastModified = new Date(nowMs()).toUTCString();
      const loading = list.map(async ({ name, file, eTag }): Promise<[string, Loaded]> => {
        return [name, { bytes: await readFile(file), eTag: `"${eTag}"`, lastModified }];
      });
      objects = new Map(await Promise.all(loading));
    },
    get({ path, headers }) {
      const [pathname = ''] = path.split('?');
      const object = objects.get(decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1)));
      if (!object) return refusal(404, 'NoSuchKey');
      const { bytes, eTag, lastModified } = object;
      const wanted = headers.get('if-match');
      if (wanted !== undefined && wanted !== eTag) return refusal(412, 'PreconditionFailed');
      const base = { etag: eTag, 'last-modified': lastModified, 'accept-ranges': 'bytes' };
      const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '');
      if (!range) return { status: 200, headers: base, body: bytes };
      const start = Number(range[1]);
      if (start >= bytes.length) return refusal(416, 'InvalidRange');
      const last = range[2] === '' ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
      const contentRange = `bytes ${start}-${last}/${bytes.length}`;
      return {
        status: 206,
        headers: { ...base, 'content-range': contentRange },
        body: bytes.subarray(start, last + 1),
      };
    },
  };
}

function refusal(status: number, code: string): Answer {
  const body = Buffer.from(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  return { status, headers: { 'content-type': 'application/xml' }, body };
}
