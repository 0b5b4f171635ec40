import { AwsError } from './aws-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of a JSON protocol's request. @throws AwsError SerializationException */
export function parseMembers(body: Buffer): JsonObject {
  let members: unknown;
  try {
    members = JSON.parse(body.toString());
  } catch {
    throw new AwsError('SerializationException', 'The body is no JSON');
  }
  if (!isObject(members)) throw new AwsError('SerializationException', 'The body is no JSON object');
  return members;
}
