import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/problems.ts';
import { actualPercents, forecastPercents, SLOTS } from './choices.ts';
import { OBJECT_KEY_TEMPLATE } from './key-template.ts';
import type { Parameter } from './parameter.ts';
import { PARAMETERS } from './parameter-list.ts';
import { SERVICE_SETTINGS } from './service-settings.ts';

/**
 * Settings as parameters of the main template.
 * @throws ConfigError with everything that the templates cannot express
 */
export function parametersOf(config: Config): Readonly<Record<string, string>> {
  const problems = unexpressed(config);
  if (problems.length > 0) throw new ConfigError(problems.map((text) => `CloudFormation cannot express ${text}`));
  return {
    ...Object.fromEntries(PARAMETERS.flatMap(({ name, of }) => (of ? [[name, of(config)]] : []))),
    Environment: config.environment,
  };
}

function unexpressed(config: Config): readonly string[] {
  const lists: readonly [string, number, number][] = [
    ['addresses in alerts.emails', config.alerts.emails.length, SLOTS.emails],
    ['entries in network.metricsSources', config.network.metricsSources.length, SLOTS.metricsSources],
    ['entries up to 100 in budget.alertPercents', actualPercents(config).length, SLOTS.actualPercents],
    ['entries above 100 in budget.alertPercents', forecastPercents(config).length, SLOTS.forecastPercents],
  ];
  const tooLong = lists.flatMap(([what, count, most]) => (count > most ? [`${count} ${what}, at most ${most}`] : []));
  const values = PARAMETERS.flatMap((parameter) => {
    const value = parameter.of?.(config);
    if (value === undefined || isAllowed(parameter, value)) return [];
    return [`${parameter.name}: ${parameter.rule ?? `must be ${rangeOf(parameter)}`} (got ${value})`];
  });
  const offered = new Set<string>(SERVICE_SETTINGS.map(({ name }) => name));
  const settings = Object.keys(config.distributor.settings).filter((name) => !offered.has(name));
  const template =
    config.objectKeyTemplate === OBJECT_KEY_TEMPLATE ? [] : [`objectKeyTemplate ${config.objectKeyTemplate}`];
  return [...template, ...tooLong, ...values, ...settings.map((name) => `${name} in distributor.settings`)];
}

/** Whether a value passes the constraints of its parameter. */
function isAllowed({ type, allowedValues, allowedPattern, minValue, maxValue }: Parameter, value: string): boolean {
  if (allowedValues && !allowedValues.includes(value)) return false;
  if (type === 'Number') return Number(value) >= (minValue ?? 0) && Number(value) <= (maxValue ?? Number(value));
  return allowedPattern === undefined || new RegExp(allowedPattern).test(value);
}

function rangeOf({ allowedValues, minValue, maxValue }: Parameter): string {
  return allowedValues ? `one of ${allowedValues.join(', ')}` : `from ${minValue} to ${maxValue}`;
}
