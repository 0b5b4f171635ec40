import { type LogsAction, permission } from './action.ts';
import { judgeEntity, readEntity } from './entity.ts';
import { groupName, notFound, streamName } from './names.ts';
import { judgeEvents } from './put-limits.ts';

export const putLogEvents: LogsAction = {
  permissions: (input, place) => [permission('PutLogEvents', place, input.logGroupName, input.logStreamName)],
  run({ input, body, place, store, requestId, nowMs, eventBytesMax, visibleAfterMs }) {
    const names = { group: groupName(input), stream: streamName(input) };
    const group = store.group(place, names.group);
    const entity = readEntity(input);
    const verdict = judgeEvents(input.logEvents, { nowMs, retentionDays: group?.retentionDays, eventBytesMax });
    if (!group) throw notFound('group');
    const stream = group.streams.get(names.stream);
    if (!stream) throw notFound('stream');
    const { from, to, firstMs, lastMs, rejected } = verdict;
    const problem = entity && judgeEntity(entity, group);
    const taken = entity && !problem ? { entity } : {};
    const times = { firstMs, lastMs, ingestedMs: nowMs, visibleMs: nowMs + visibleAfterMs() };
    if (to > from) store.append(stream, { body, from, to, ...times, requestId, ...taken });
    return {
      // "Always valid" and never needed (PutLogEvents), but still answered.
      nextSequenceToken: '49590302601141340000000000000000000000000000000000000002',
      ...(rejected === undefined ? {} : { rejectedLogEventsInfo: rejected }),
      ...(problem === undefined ? {} : { rejectedEntityInfo: { errorType: problem } }),
    };
  },
};
