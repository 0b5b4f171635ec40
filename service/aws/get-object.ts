/** GetObject of a range, as the reader of objects wants it: its bytes are pushed to a sink as they arrive. */

export interface RangeRequest {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
  /** First byte. */
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  /** The ETag that the object must still have, with its quotes. */
  readonly ifMatch: string | undefined;
}

/** What S3 says of an object before its bytes. */
export interface ObjectHead {
  readonly eTag: string | undefined;
  /** Of the whole object. */
  readonly size: number;
  /** The first byte of the answer: 0 where an endpoint answers a range with the whole object. */
  readonly from: number;
  readonly lastModifiedMs: number | undefined;
}

/**
 * @param open takes the head, and returns what takes the pieces; a piece is good until the call returns
 * @throws as a `Call` does, and what the sink throws
 */
export type GetObject = (
  request: RangeRequest,
  open: (head: ObjectHead) => (piece: Uint8Array) => void,
  signal: AbortSignal,
) => Promise<ObjectHead>;

/** Reads the headers of an answer. Without a range it is the whole object: HTTP allows it, and some endpoints do so for small ones. */
export function readObjectHead(headers: {
  readonly eTag: string | undefined;
  readonly contentRange: string | undefined;
  readonly contentLength: string | number | undefined;
  readonly lastModified: string | number | undefined;
}): ObjectHead {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.contentRange ?? '');
  const lastModifiedMs = new Date(headers.lastModified ?? '').getTime();
  return {
    eTag: headers.eTag,
    size: Number(range ? range[2] : (headers.contentLength ?? 0)),
    from: range ? Number(range[1]) : 0,
    lastModifiedMs: Number.isNaN(lastModifiedMs) ? undefined : lastModifiedMs,
  };
}
