import { gunzipSync } from 'node:zlib';

/** Of a file of gzip NDJSON. */
export function readLines(body: Uint8Array): unknown[] {
  const text = gunzipSync(body).toString().trimEnd();
  return text.split('\n').map((line) => JSON.parse(line));
}
