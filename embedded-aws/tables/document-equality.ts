import { isObject, type JsonObject } from '../http/json.ts';

/** `path = :value`; what is left of it may be a function's operand, which has no list or map to equal. */
const EQUATION = /([#\w.[\]]+)\s*=\s*(:\w+)/g;

/**
 * Rewrites a condition for dynalite, which never finds two lists or two maps equal: each `path = :value` with such a value
 * becomes comparisons of type, size and all that is inside.
 * @returns the same request when there is no such comparison
 */
export function spellOutDocuments(request: JsonObject): JsonObject {
  const { ConditionExpression: condition, ExpressionAttributeValues: values } = request;
  if (typeof condition !== 'string' || !isObject(values)) return request;
  const parts = createParts();
  const rewritten = condition.replace(EQUATION, (whole, path: string, name: string, at: number) => {
    const value = values[name];
    if (!isDocument(value)) return whole;
    const text = parts.equals(path, value).join(' AND ');
    // DynamoDB refuses parentheses around parentheses.
    const enclosed = /\(\s*$/.test(condition.slice(0, at)) && /^\s*\)/.test(condition.slice(at + whole.length));
    return enclosed ? text : `(${text})`;
  });
  if (rewritten === condition) return request;
  const names = isObject(request.ExpressionAttributeNames) ? request.ExpressionAttributeNames : {};
  // A value that no expression uses is refused.
  const expressions = `${rewritten} ${request.UpdateExpression ?? ''}`;
  const used = Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(expressions));
  return {
    ...request,
    ConditionExpression: rewritten,
    ExpressionAttributeNames: { ...names, ...parts.names },
    ExpressionAttributeValues: { ...Object.fromEntries(used), ...parts.values },
  };
}

function isDocument(value: unknown): value is JsonObject {
  return isObject(value) && (Array.isArray(value.L) || isObject(value.M));
}

/** Comparisons, and the names and values that stand in them. */
function createParts() {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  const nameOf = (name: string) => {
    const placeholder = `#document${Object.keys(names).length}`;
    names[placeholder] = name;
    return placeholder;
  };
  const placeholderOf = (value: unknown) => {
    const placeholder = `:document${Object.keys(values).length}`;
    values[placeholder] = value;
    return placeholder;
  };
  const container = (path: string, type: 'L' | 'M', size: number) => [
    `attribute_type(${path}, ${placeholderOf({ S: type })})`,
    `size(${path}) = ${placeholderOf({ N: String(size) })}`,
  ];
  const equals = (path: string, value: unknown): string[] => {
    if (isObject(value) && Array.isArray(value.L)) {
      const elements = value.L.flatMap((element, at) => equals(`${path}[${at}]`, element));
      return [...container(path, 'L', value.L.length), ...elements];
    }
    if (isObject(value) && isObject(value.M)) {
      const members = Object.entries(value.M);
      const inside = members.flatMap(([name, member]) => equals(`${path}.${nameOf(name)}`, member));
      return [...container(path, 'M', members.length), ...inside];
    }
    return [`${path} = ${placeholderOf(value)}`];
  };
  return { names, values, equals };
}
