import { AwsError } from '../http/aws-error.ts';
import type { JsonObject } from '../http/json.ts';
import type { LogsPlace } from './store.ts';

/** Names, ARNs and members of requests: what they may be (CloudWatch Logs API reference). */

/** The members of a request. */
export type Input = JsonObject;

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

/** The form in which the service reports a member that breaks its declared constraints. */
export function constraint(path: string, value: unknown, rule: string): AwsError {
  const shown = value === undefined || value === null ? 'null' : `'${String(value).slice(0, 256)}'`;
  return invalid(
    `1 validation error detected: Value ${shown} at '${path}' failed to satisfy constraint: Member must ${rule}`,
  );
}

export function notFound(what: 'group' | 'stream'): AwsError {
  return new AwsError('ResourceNotFoundException', `The specified log ${what} does not exist.`);
}

export function exists(what: 'group' | 'stream'): AwsError {
  return new AwsError('ResourceAlreadyExistsException', `The specified log ${what} already exists`);
}

export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrongType(value, 'a String');
  return value;
}

export function optionalNumber(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(value, 'an Integer');
  return value;
}

export function textList(input: Input, name: string): string[] | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrongType(value, 'a List');
  return value.map((item) => {
    if (typeof item !== 'string') throw wrongType(item, 'a String');
    return item;
  });
}

export function optionalMap(input: Input, name: string): Input | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(value, 'a Map');
  return value as Input;
}

export function textMap(input: Input, name: string): Map<string, string> {
  return new Map(
    Object.entries(optionalMap(input, name) ?? {}).map(([key, item]) => {
      if (typeof item !== 'string') throw wrongType(item, 'a String');
      return [key, item];
    }),
  );
}

export function wrongType(value: unknown, wanted: string): AwsError {
  const kind = value === null ? 'NULL' : Array.isArray(value) ? 'LIST' : typeof value;
  return new AwsError('SerializationException', `${kind.toUpperCase()}_VALUE can not be converted to ${wanted}`);
}

/** The name of a group, also out of an ARN, which `logGroupIdentifier` may be. */
export function groupName(input: Input): string {
  const identifier = optionalText(input, 'logGroupIdentifier');
  if (identifier !== undefined) {
    if (input.logGroupName !== undefined) throw invalid('LogGroup name and identifier cannot both be given.');
    return (
      /^arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:([^:*]+)$/.exec(identifier)?.[1] ??
      checkGroupName(identifier, 'logGroupIdentifier')
    );
  }
  return checkGroupName(optionalText(input, 'logGroupName'), 'logGroupName');
}

export function streamName(input: Input): string {
  return checkStreamName(optionalText(input, 'logStreamName'), 'logStreamName');
}

function checkGroupName(name: string | undefined, path: string): string {
  if (name === undefined) throw constraint(path, name, 'not be null');
  if (name.length < 1) throw constraint(path, name, 'have length greater than or equal to 1');
  if (name.length > 512) throw constraint(path, name, 'have length less than or equal to 512');
  if (!/^[.\-_/#A-Za-z0-9]+$/.test(name))
    throw constraint(path, name, 'satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+');
  return name;
}

function checkStreamName(name: string | undefined, path: string): string {
  if (name === undefined) throw constraint(path, name, 'not be null');
  if (name.length < 1) throw constraint(path, name, 'have length greater than or equal to 1');
  if (name.length > 512) throw constraint(path, name, 'have length less than or equal to 512');
  if (!/^[^:*]*$/.test(name)) throw constraint(path, name, 'satisfy regular expression pattern: [^:*]*');
  return name;
}

/** As it stands in the `arn` of answers and, with `:*`, in policies. */
export function groupArn({ account, region }: LogsPlace, name: string): string {
  return `arn:aws:logs:${region}:${account}:log-group:${name}`;
}

/**
 * What policies are asked about. Actions on a group are asked with an empty stream name, as AWS's refusals show
 * ("... on resource: arn:aws:logs:...:log-group:/name:log-stream:"), which is why a policy that ends in the bare group
 * name allows none of them (CloudWatch Logs user guide, "Overview of managing access", log group ARNs).
 */
export function policyArn(place: LogsPlace, group: string, stream = ''): string {
  return `${groupArn(place, group)}:log-stream:${stream}`;
}
