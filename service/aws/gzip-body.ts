import { crc32 } from 'node:zlib';
import type { Kernel } from '../kernel/kernel.ts';
import { DEFLATE_SCRATCH_BYTES, SLACK_BYTES } from '../kernel/layout.ts';

/**
 * Compresses the body of a call as gzip (RFC 1952), by the kernel.
 * @returns bytes with a buffer of their own; undefined when they would be no shorter, as those of small bodies
 */
export type GzipBody = (body: Buffer) => Buffer | undefined;

/** The magic number, DEFLATE, no flags and no time, an unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** CRC-32 and length of what is compressed. */
const TRAILER_BYTES = 8;

export function createGzipBody({ memory, bytes, calls }: Kernel): GzipBody {
  return (body) => {
    const room = body.length - HEADER.length - TRAILER_BYTES;
    if (room <= 0) return undefined;
    using source = memory.lend(body.length + SLACK_BYTES);
    using target = memory.lend(room + SLACK_BYTES);
    using scratch = memory.lend(DEFLATE_SCRATCH_BYTES);
    bytes.set(body, source.at);
    const length = calls.deflate(source.at, body.length, target.at, room, scratch.at);
    if (length === 0) return undefined;
    // Not in the kernel's memory: a socket that dies may hold it for longer than the loan lasts.
    const gzip = Buffer.allocUnsafeSlow(HEADER.length + length + TRAILER_BYTES);
    HEADER.copy(gzip);
    bytes.copy(gzip, HEADER.length, target.at, target.at + length);
    gzip.writeUInt32LE(crc32(body), HEADER.length + length);
    gzip.writeUInt32LE(body.length, HEADER.length + length + 4);
    return gzip;
  };
}
