import type { Permission } from '../service.ts';
import { type Input, policyArn } from './names.ts';
import type { LogsPlace, LogsStore } from './store.ts';

/** One action of the API: what it needs permission for, and what it does. */
export interface LogsAction {
  permissions(input: Input, place: LogsPlace): Permission[];
  /** @returns the answer's members; undefined for an empty answer */
  run(call: LogsCall): Readonly<Record<string, unknown>> | undefined;
}

export interface LogsCall {
  readonly input: Input;
  /** The request's body, decompressed: what `input` was read from. */
  readonly body: Buffer;
  readonly place: LogsPlace;
  readonly store: LogsStore;
  readonly requestId: string;
  readonly nowMs: number;
  readonly eventBytesMax: number;
  /** How long after it was accepted a batch can be read, milliseconds; drawn for each. */
  readonly visibleAfterMs: () => number;
}

/** The permission on a group, or on a stream of it. Names are taken as they are: a wrong one is refused by `run`. */
export function permission(action: string, place: LogsPlace, group: unknown, stream: unknown = ''): Permission {
  const arn = policyArn(place, typeof group === 'string' ? group : '', typeof stream === 'string' ? stream : '');
  return { action: `logs:${action}`, resource: arn, account: place.account };
}

/** The group that a request names, by name or ARN, for a policy. */
export function namedGroup(input: Input): unknown {
  const { logGroupName, logGroupIdentifier } = input;
  if (typeof logGroupIdentifier !== 'string') return logGroupName;
  return logGroupIdentifier.replace(/^arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:/, '').replace(/:\*$/, '');
}
