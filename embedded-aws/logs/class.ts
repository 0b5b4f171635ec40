import { AwsError } from '../http/aws-error.ts';
import { constraint, type Input, optionalText } from './names.ts';
import type { LogGroup } from './store.ts';

/** Classes of log groups (API reference, CreateLogGroup). */
export const CLASSES = ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY', 'ESSENTIALS'] as const;
export type LogGroupClass = (typeof CLASSES)[number];

/** @throws AwsError for a class that there is not */
export function readClass(input: Input): LogGroupClass | undefined {
  const name = optionalText(input, 'logGroupClass');
  const known = CLASSES.find((each) => each === name);
  if (name !== undefined && known === undefined) {
    throw constraint('logGroupClass', name, `satisfy enum value set: [${CLASSES.join(', ')}]`);
  }
  return known;
}

/** Who asks for one of these two gets both (API reference, DescribeLogGroups). */
const TOGETHER: readonly LogGroupClass[] = ['INFREQUENT_ACCESS', 'ESSENTIALS'];

export function isOfClass({ logGroupClass }: LogGroup, wanted: LogGroupClass | undefined): boolean {
  if (wanted === undefined || logGroupClass === wanted) return true;
  return TOGETHER.includes(wanted) && TOGETHER.includes(logGroupClass);
}

/** Only the standard class is read by plain calls; the others have Logs Insights (user guide, "Log classes"). @throws AwsError */
export function requireStandard({ name, logGroupClass }: LogGroup, action: string): void {
  if (logGroupClass === 'STANDARD') return;
  throw new AwsError(
    'InvalidOperationException',
    `The log group ${name} is of log-group-class ${logGroupClass}. ${action} is not supported for this log class.`,
  );
}
