import type { Entity } from '@aws-sdk/client-cloudwatch-logs';
import { present } from '../base/present.ts';
import { FORM_JSON } from './chunk.ts';
import { type Batch, type ChunkPlan, timeOf } from './plan.ts';

/**
 * Builds the JSON body of a PutLogEvents call straight from a chunk's bytes: by the chunk's own means where it has some, else a
 * message that is JSON-escaped already is copied as it stands, and text is escaped by JSON.stringify, many events at a time, as
 * that is where its speed is.
 */

/** What a chunk has of each message. */
const START = 'the start of a message';
const LENGTH = 'the length of a message';
/** Events that one JSON.stringify call takes. */
const SLICE_EVENTS = 256;
/** `{"timestamp":` + at most 16 digits + `,"message":""},` */
const EVENT_FRAME_BYTES_MAX = 48;

/** A growing byte buffer. Reused for one body after another: a body must be sent before the next is begun. */
export interface BodyBuffer {
  bytes: Buffer;
}

/** Most bodies fit: a full batch of 1 MiB and the frames of its events. */
export function createBodyBuffer(): BodyBuffer {
  return { bytes: Buffer.allocUnsafeSlow(1_280 * 1024) };
}

/**
 * @param entity what the events are of; undefined: nothing is said of it
 * @returns the body, a view of `buffer.bytes`
 */
export function writeBody(plan: ChunkPlan, batch: Batch, buffer: BodyBuffer, entity?: Entity): Buffer {
  const { events } = batch;
  const { count, messages } = plan.chunk;
  const start = writeText(buffer, 0, headOf(batch, entity));
  using written = plan.parts.length === 0 ? messages.writeEvents?.(events, plan.timesMs) : null;
  if (written) {
    const { bytes } = written;
    reserve(buffer, start, bytes.length + 1);
    buffer.bytes.set(bytes, start);
    return finish(buffer, start + bytes.length);
  }
  let end = start;
  const source = Buffer.from(messages.bytes.buffer, messages.bytes.byteOffset, messages.bytes.length);

  const textAt = (record: number): string => {
    const from = present(messages.start[record], START);
    return source.toString('utf8', from, from + present(messages.length[record], LENGTH));
  };

  for (let at = 0; at < events.length; ) {
    const event = present(events[at], 'the event of a batch');
    if (event < count && messages.form[event] === FORM_JSON) {
      const from = present(messages.start[event], START);
      const length = present(messages.length[event], LENGTH);
      reserve(buffer, end, length + EVENT_FRAME_BYTES_MAX);
      end += buffer.bytes.write(`{"timestamp":${timeOf(plan, event)},"message":"`, end, 'latin1');
      source.copy(buffer.bytes, end, from, from + length);
      end += length;
      end += buffer.bytes.write('"},', end, 'latin1');
      at++;
    } else {
      const slice: { timestamp: number; message: string }[] = [];
      for (; at < events.length && slice.length < SLICE_EVENTS; at++) {
        const next = present(events[at], 'the event of a batch');
        if (next < count && messages.form[next] === FORM_JSON) break;
        const message = next < count ? textAt(next) : present(plan.parts[next - count], 'a part of an event').text;
        slice.push({ timestamp: timeOf(plan, next), message });
      }
      const text = JSON.stringify(slice);
      end = writeText(buffer, end, `${text.slice(1, -1)},`);
    }
  }
  return finish(buffer, end);
}

function headOf({ route }: Batch, entity: Entity | undefined): string {
  const head = { logGroupName: route.group, logStreamName: route.stream, ...(entity ? { entity } : {}) };
  return `${JSON.stringify(head).slice(0, -1)},"logEvents":[`;
}

/** The last event's comma gives way to the end. */
function finish(buffer: BodyBuffer, end: number): Buffer {
  return buffer.bytes.subarray(0, writeText(buffer, end - 1, ']}'));
}

function writeText(buffer: BodyBuffer, at: number, text: string): number {
  // A UTF-16 unit takes at most three bytes in UTF-8.
  reserve(buffer, at, text.length * 3);
  return at + buffer.bytes.write(text, at, 'utf8');
}

function reserve(buffer: BodyBuffer, used: number, more: number): void {
  if (used + more <= buffer.bytes.length) return;
  const grown = Buffer.allocUnsafeSlow(Math.max(used + more, buffer.bytes.length * 2));
  buffer.bytes.copy(grown, 0, 0, used);
  buffer.bytes = grown;
}
