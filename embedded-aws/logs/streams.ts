import { type LogsAction, type LogsCall, namedGroup, permission } from './action.ts';
import { exists, groupArn, groupName, invalid, notFound, optionalText, streamName } from './names.ts';
import { page, pageSize } from './paging.ts';
import type { LogGroup, LogStream } from './store.ts';

function findGroup({ store, place, input }: LogsCall): LogGroup {
  const group = store.group(place, groupName(input));
  if (!group) throw notFound('group');
  return group;
}

export const createLogStream: LogsAction = {
  permissions: (input, place) => [permission('CreateLogStream', place, input.logGroupName, input.logStreamName)],
  run(call) {
    const name = streamName(call.input);
    const group = findGroup(call);
    if (group.streams.has(name)) throw exists('stream');
    call.store.addStream(group, name, call.nowMs);
    return undefined;
  },
};

export const deleteLogStream: LogsAction = {
  permissions: (input, place) => [permission('DeleteLogStream', place, input.logGroupName, input.logStreamName)],
  run(call) {
    const stream = findGroup(call).streams.get(streamName(call.input));
    if (!stream) throw notFound('stream');
    call.store.removeStream(stream);
    return undefined;
  },
};

export const describeLogStreams: LogsAction = {
  permissions: (input, place) => [permission('DescribeLogStreams', place, namedGroup(input))],
  run(call) {
    const { input } = call;
    const group = findGroup(call);
    const prefix = optionalText(input, 'logStreamNamePrefix');
    const orderBy = optionalText(input, 'orderBy') ?? 'LogStreamName';
    if (orderBy !== 'LogStreamName' && orderBy !== 'LastEventTime') throw invalid(`Invalid orderBy ${orderBy}`);
    if (orderBy === 'LastEventTime' && prefix !== undefined) {
      throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
    }
    const keyOf = (stream: LogStream) => `${stream.lastEventMs ?? 0}`.padStart(16, '0') + stream.name;
    const key = orderBy === 'LastEventTime' ? keyOf : ({ name }: LogStream) => name;
    const streams = [...group.streams.values()].filter(({ name }) => name.startsWith(prefix ?? ''));
    streams.sort((a, b) => (key(a) < key(b) ? -1 : 1));
    if (input.descending === true) streams.reverse();
    const { items, nextToken } = page(
      streams,
      ({ name }) => name,
      pageSize(input, 50),
      optionalText(input, 'nextToken'),
    );
    return { logStreams: items.map(describe), ...(nextToken === undefined ? {} : { nextToken }) };
  },
};

function describe(stream: LogStream) {
  const { group, name, createdMs, firstEventMs, lastEventMs, lastIngestionMs } = stream;
  return {
    logStreamName: name,
    creationTime: createdMs,
    ...(firstEventMs === undefined ? {} : { firstEventTimestamp: firstEventMs }),
    ...(lastEventMs === undefined ? {} : { lastEventTimestamp: lastEventMs }),
    ...(lastIngestionMs === undefined ? {} : { lastIngestionTime: lastIngestionMs }),
    arn: `${groupArn(group, group.name)}:log-stream:${name}`,
    // Deprecated: zero for every stream since June 2019 (API reference, LogStream).
    storedBytes: 0,
  };
}
