import { type LogsAction, namedGroup, permission } from './action.ts';
import { requireStandard } from './class.ts';
import { parseFilterPattern } from './filter-pattern.ts';
import {
  groupName,
  type Input,
  invalid,
  notFound,
  optionalNumber,
  optionalText,
  streamName,
  textList,
} from './names.ts';
import { inOrder, type OrderedEvent, type Position } from './order.ts';
import { decodeToken, encodeToken, pageSize } from './paging.ts';
import type { Batch } from './store.ts';

/** GetLogEvents and FilterLogEvents: "up to 1 MB (up to 10,000 log events)" a page. */
const PAGE_EVENTS_MAX = 10_000;
const PAGE_BYTES_MAX = 1024 * 1024;

export const getLogEvents: LogsAction = {
  permissions: (input, place) => [permission('GetLogEvents', place, namedGroup(input), input.logStreamName)],
  run({ input, place, store, nowMs }) {
    const group = store.group(place, groupName(input));
    const name = streamName(input);
    if (!group) throw notFound('group');
    requireStandard(group, 'GetLogEvents');
    const stream = group.streams.get(name);
    if (!stream) throw notFound('stream');
    const token = readToken(optionalText(input, 'nextToken'));
    const direction = token?.direction ?? (input.startFromHead === true ? 'forward' : 'backward');
    const range = {
      startMs: optionalNumber(input, 'startTime') ?? 0,
      // "Events with a timestamp equal to or later than this time are not included."
      endMs: (optionalNumber(input, 'endTime') ?? Number.MAX_SAFE_INTEGER) - 1,
      beyond: token?.position,
    };
    const events = takePage(
      inOrder(visible(stream.batches, nowMs), direction, range),
      pageSize(input, PAGE_EVENTS_MAX),
    ).events;
    if (direction === 'backward') events.reverse();
    return {
      events: events.map(({ timestamp, message, batch }) => ({ timestamp, message, ingestionTime: batch.ingestedMs })),
      // At the end of a stream the token that was sent comes back, which is how clients know that it is the end.
      nextForwardToken: makeToken('f', events.at(-1) ?? token?.position ?? BEFORE_ALL),
      nextBackwardToken: makeToken('b', events.at(0) ?? token?.position ?? AFTER_ALL),
    };
  },
};

export const filterLogEvents: LogsAction = {
  permissions: (input, place) => [permission('FilterLogEvents', place, namedGroup(input))],
  run({ input, place, store, nowMs }) {
    const group = store.group(place, groupName(input));
    if (!group) throw notFound('group');
    requireStandard(group, 'FilterLogEvents');
    const wanted = selectStreams(input);
    const fits = parseFilterPattern(optionalText(input, 'filterPattern') ?? '');
    const token = optionalText(input, 'nextToken');
    const range = {
      startMs: optionalNumber(input, 'startTime') ?? 0,
      // "Events with a timestamp later than this time are not returned."
      endMs: optionalNumber(input, 'endTime') ?? Number.MAX_SAFE_INTEGER,
      beyond: token === undefined ? undefined : readPosition(token),
    };
    const batches = [...group.streams.values()].filter(({ name }) => wanted(name)).flatMap((stream) => stream.batches);
    const matching = inOrder(visible(batches, nowMs), 'forward', range).filter(({ message }) => fits(message));
    const { events, more } = takePage(matching, pageSize(input, PAGE_EVENTS_MAX));
    const last = events.at(-1);
    return {
      events: events.map(({ timestamp, sequence, message, batch }) => ({
        logStreamName: batch.stream.name,
        timestamp,
        message,
        ingestionTime: batch.ingestedMs,
        eventId: `${timestamp}`.padStart(28, '0') + `${sequence}`.padStart(28, '0'),
      })),
      searchedLogStreams: [],
      ...(more && last ? { nextToken: encodeToken(positionText(last)) } : {}),
    };
  },
};

/** What was accepted is not seen at once. */
function visible(batches: readonly Batch[], nowMs: number): Batch[] {
  return batches.filter(({ visibleMs }) => visibleMs <= nowMs);
}

function selectStreams(input: Input): (name: string) => boolean {
  const names = textList(input, 'logStreamNames');
  const prefix = optionalText(input, 'logStreamNamePrefix');
  if (names !== undefined && prefix !== undefined) {
    throw invalid('logStreamNames and logStreamNamePrefix cannot both be given.');
  }
  if (names === undefined) return (name) => name.startsWith(prefix ?? '');
  if (names.length < 1 || names.length > 100) throw invalid('logStreamNames must have 1 to 100 names.');
  const wanted = new Set(names);
  return (name) => wanted.has(name);
}

function takePage(events: Iterable<OrderedEvent>, limit: number): { events: OrderedEvent[]; more: boolean } {
  const taken: OrderedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    bytes += Buffer.byteLength(event.message);
    if (taken.length > 0 && (taken.length === limit || bytes > PAGE_BYTES_MAX)) return { events: taken, more: true };
    taken.push(event);
  }
  return { events: taken, more: false };
}

const BEFORE_ALL: Position = { timestamp: -1, sequence: -1 };
const AFTER_ALL: Position = { timestamp: Number.MAX_SAFE_INTEGER, sequence: Number.MAX_SAFE_INTEGER };

function makeToken(direction: 'f' | 'b', position: Position): string {
  return `${direction}/${encodeToken(positionText(position))}`;
}

function readToken(token: string | undefined) {
  if (token === undefined) return undefined;
  const [, letter, rest = ''] = /^([fb])\/(.+)$/.exec(token) ?? [];
  if (letter === undefined) throw invalid('The specified nextToken is invalid.');
  return { direction: letter === 'f' ? ('forward' as const) : ('backward' as const), position: readPosition(rest) };
}

function positionText({ timestamp, sequence }: Position): string {
  return `${timestamp}/${sequence}`;
}

function readPosition(token: string): Position {
  const [, timestamp, sequence] = /^(-?\d+)\/(-?\d+)$/.exec(decodeToken(token)) ?? [];
  if (timestamp === undefined) throw invalid('The specified nextToken is invalid.');
  return { timestamp: Number(timestamp), sequence: Number(sequence) };
}
