import { isObject, type Json } from './intrinsics.ts';

/**
 * Members named as CloudFormation names them: `containerPort` is `ContainerPort`. `data` are members (by their name
 * before) whose own members are data and stay.
 */
export function pascalKeys(value: Json, data: readonly string[] = []): Json {
  if (Array.isArray(value)) return value.map((element) => pascalKeys(element, data));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.charAt(0).toUpperCase() + key.slice(1),
      data.includes(key) ? member : pascalKeys(member, data),
    ]),
  );
}
