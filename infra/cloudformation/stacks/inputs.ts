import { getAtt, ifElse, type JsonObject, select, split, sub } from '../intrinsics.ts';
import { textOf } from '../placeholders.ts';
import type { Stack } from '../stack.ts';

type Inputs = Stack['inputs'];

/** An output of another stack of the same deployment. */
export function outputOf(stack: string, output: string): JsonObject {
  return getAtt(`${stack}Stack`, `Outputs.${output}`);
}

/** The ARN of a key of ours; empty where AWS's own keys encrypt. */
export function keyInput(kind: 'Data' | 'Messaging' | 'Logs'): Inputs {
  return {
    [`${kind}KeyArn`]: {
      description: 'ARN of a key of the core stack; empty where AWS keys encrypt',
      value: ifElse('WithOwnKeys', outputOf('Core', `${kind}KeyArn`), ''),
    },
  };
}

/** Outputs of the core stack, under the names that they have there. */
export function coreInputs(descriptions: Readonly<Record<string, string>>): Inputs {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [
      name,
      { description, value: outputOf('Core', name), ...(name.endsWith('Ids') ? { list: true as const } : {}) },
    ]),
  );
}

const URL = textOf('PrometheusRemoteWriteUrl');

/** Parts of PrometheusRemoteWriteUrl; empty where there is none, as what is split has as many parts at least. */
export const PROMETHEUS_REGION: Inputs = {
  PrometheusRegion: {
    description: 'Region in PrometheusRemoteWriteUrl',
    value: select(1, split('.', sub(`${URL}..`))),
  },
};
export const PROMETHEUS_WORKSPACE: Inputs = {
  PrometheusWorkspace: {
    description: 'Workspace in PrometheusRemoteWriteUrl',
    value: select(4, split('/', sub(`${URL}////`))),
  },
};
