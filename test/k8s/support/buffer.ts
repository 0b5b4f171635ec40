/**
 * What a record takes in a disk buffer beside its message: names, labels, file and metadata of a record like those of the
 * golden lines, encoded as Vector 0.58 does (lib/vector-core/proto/event.proto, with the fields that src/event/proto.rs sets).
 */
const BESIDE_MESSAGE_BYTES = 590;

/** How long a buffer takes in what a node writes while nothing leaves it. */
export function bufferHours(bufferBytes: number, linesPerSecond: number, messageBytes: number): number {
  return bufferBytes / (linesPerSecond * (messageBytes + BESIDE_MESSAGE_BYTES)) / 3600;
}
