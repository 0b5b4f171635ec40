import { constraint, type Input, optionalMap } from './names.ts';
import type { LogGroup } from './store.ts';

/** The entity of a PutLogEvents call (API reference, Entity; CloudWatch user guide, "How to add related information"). */
export interface Entity {
  readonly keyAttributes: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Why an entity is not taken; the events are all the same (API reference, RejectedEntityInfo). */
export type EntityProblem =
  | 'InvalidTypeValue'
  | 'InvalidKeyAttributes'
  | 'MissingRequiredFields'
  | 'UnsupportedLogGroupType';

interface MapLimits {
  readonly entriesMin: number;
  readonly entriesMax: number;
  readonly keyMax: number;
}

const KEY_ATTRIBUTES: MapLimits = { entriesMin: 2, entriesMax: 4, keyMax: 32 };
const ATTRIBUTES: MapLimits = { entriesMin: 0, entriesMax: 10, keyMax: 256 };
const VALUE_LENGTH_MAX = 512;

/** The types of entities, and what each needs beside its type. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Service: ['Name', 'Environment'],
  RemoteService: ['Name'],
  'AWS::Service': ['Name', 'Environment'],
  Resource: ['ResourceType', 'Identifier'],
  'AWS::Resource': ['ResourceType', 'Identifier'],
};
const KEYS = new Set(['Type', 'ResourceType', 'Identifier', 'Name', 'Environment']);

/**
 * Reads the entity of a call.
 * @throws AwsError where it breaks a declared constraint, which refuses the whole call
 */
export function readEntity(input: Input): Entity | undefined {
  const entity = optionalMap(input, 'entity');
  if (!entity) return undefined;
  return {
    keyAttributes: readMap(entity, 'keyAttributes', KEY_ATTRIBUTES),
    attributes: readMap(entity, 'attributes', ATTRIBUTES),
  };
}

function readMap(entity: Input, name: string, limits: MapLimits): Readonly<Record<string, string>> {
  const map = optionalMap(entity, name);
  if (!map) return {};
  const path = `entity.${name}`;
  const entries = Object.entries(map);
  if (entries.length < limits.entriesMin)
    throw constraint(path, '{...}', `have length greater than or equal to ${limits.entriesMin}`);
  if (entries.length > limits.entriesMax)
    throw constraint(path, '{...}', `have length less than or equal to ${limits.entriesMax}`);
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (key.length < 1 || key.length > limits.keyMax)
        throw constraint(path, key, `have keys of length between 1 and ${limits.keyMax}`);
      if (typeof value !== 'string' || value.length < 1 || value.length > VALUE_LENGTH_MAX)
        throw constraint(`${path}.${key}`, value, `have length between 1 and ${VALUE_LENGTH_MAX}`);
      return [key, value];
    }),
  );
}

/** @returns undefined where the entity is taken */
export function judgeEntity({ keyAttributes }: Entity, { logGroupClass }: LogGroup): EntityProblem | undefined {
  // AWS has a name for this, and does not say which classes it means. Ours: all but the one that has every feature.
  if (logGroupClass !== 'STANDARD') return 'UnsupportedLogGroupType';
  const { Type: type } = keyAttributes;
  if (type === undefined) return 'MissingRequiredFields';
  const required = REQUIRED[type];
  if (!required) return 'InvalidTypeValue';
  if (Object.keys(keyAttributes).some((key) => !KEYS.has(key))) return 'InvalidKeyAttributes';
  return required.every((key) => key in keyAttributes) ? undefined : 'MissingRequiredFields';
}
