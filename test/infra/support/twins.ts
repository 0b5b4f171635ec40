import { readTemplate, type TemplateResource } from '../../support/template.ts';
import type { ModuleName, PlannedResource, Variables } from './customer-module.ts';

/** A template of the customer and the module that must be the same. */
export interface Twin {
  readonly template: string;
  readonly module: ModuleName;
  /** Parameters that the module has in another form. */
  readonly otherwise: Readonly<Record<string, string>>;
}

export const ACCOUNT_TWIN: Twin = {
  template: 'customer-account.yaml',
  module: 'terraform',
  // A template has no list of resources as long as its parameter.
  otherwise: { LogGroup1: 'log_groups', LogGroup2: 'log_groups', LogGroup3: 'log_groups' },
};
export const BUCKET_TWIN: Twin = { template: 'customer-bucket.yaml', module: 'terraform-bucket', otherwise: {} };

/** `KmsKeyArn` is `kms_key_arn`. */
export function variableOf({ otherwise }: Twin, parameter: string): string {
  return otherwise[parameter] ?? parameter.replaceAll(/\B[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

/** The same values for both. */
export function variablesOf(twin: Twin, parameters: Readonly<Record<string, string>>): Variables {
  const variables: Record<string, string> = {};
  const groups: string[] = [];
  for (const [parameter, value] of Object.entries(parameters)) {
    const name = variableOf(twin, parameter);
    if (name === 'log_groups') groups.push(value);
    else variables[name] = value;
  }
  return groups.length > 0 ? { ...variables, log_groups: JSON.stringify(groups) } : variables;
}

/** What a twin makes, in words that both can be compared in: roles, log groups, bucket, and whether they stay when it is removed. */
export interface Made {
  readonly role: unknown;
  readonly groups: readonly unknown[];
  /** Resources around a bucket, as CloudFormation has them. */
  readonly bucket: readonly unknown[];
  readonly alarms: readonly unknown[];
  readonly dashboards: readonly unknown[];
}

export function madeByTemplate(resources: Readonly<Record<string, TemplateResource>>): Made {
  const of = (...types: string[]) => Object.values(resources).filter(({ Type }) => types.includes(Type));
  const [role] = of('AWS::IAM::Role');
  const { Policies, ...rest } = role?.Properties ?? {};
  return {
    role: comparable({ ...rest, Policies, stays: stays(role) }),
    groups: of('AWS::Logs::LogGroup').map((group) => {
      const { RetentionInDays, ...others } = group.Properties;
      return comparable({ ...others, RetentionInDays: Number(RetentionInDays), stays: stays(group) });
    }),
    bucket: of('AWS::S3::Bucket', 'AWS::S3::BucketPolicy').map(comparable),
    alarms: of('AWS::CloudWatch::Alarm').map(({ Properties: { Threshold, ...others } }) =>
      comparable({ ...others, Threshold: Number(Threshold) }),
    ),
    dashboards: of('AWS::CloudWatch::Dashboard').map(({ Properties: { DashboardName, DashboardBody } }) =>
      comparable({ DashboardName, DashboardBody: JSON.parse(String(DashboardBody)) }),
    ),
  };
}

/** Retained when the stack is deleted, and when a change would replace it. */
function stays(resource: TemplateResource | undefined): boolean {
  const { DeletionPolicy, UpdateReplacePolicy } = resource ?? {};
  if (DeletionPolicy !== UpdateReplacePolicy) throw new Error(`${resource?.Type} is kept in one of two cases`);
  return DeletionPolicy === 'Retain';
}

/** Types of the modules. A further one has to be compared here, so it is refused. */
const KNOWN = [
  'aws_iam_role',
  'aws_iam_role_policy',
  'aws_cloudwatch_log_group',
  'aws_cloudformation_stack',
  'aws_cloudwatch_metric_alarm',
  'aws_cloudwatch_dashboard',
];

export async function madeByModule(planned: readonly PlannedResource[]): Promise<Made> {
  for (const { type } of planned) if (!KNOWN.includes(type)) throw new Error(`${type} is not compared`);
  const of = (type: string) => planned.filter((resource) => resource.type === type).map(({ values }) => values);
  const [role = {}] = of('aws_iam_role');
  const bucket: unknown[] = [];
  for (const { template_body: body, parameters } of of('aws_cloudformation_stack')) {
    const template = await readTemplate('terraform-bucket/bucket.yaml');
    if (body !== template.text) throw new Error('the stack has another template');
    const { resources } = template.evaluate(parameters as Record<string, string>);
    bucket.push(...Object.values(resources).map(comparable));
  }
  return {
    role: comparable({
      RoleName: role.name,
      Path: role.path,
      Description: role.description,
      MaxSessionDuration: role.max_session_duration,
      PermissionsBoundary: role.permissions_boundary ?? undefined,
      AssumeRolePolicyDocument: JSON.parse(String(role.assume_role_policy)),
      Policies: of('aws_iam_role_policy').map(({ name, policy }) => ({
        PolicyName: name,
        PolicyDocument: JSON.parse(String(policy)),
      })),
      stays: false,
    }),
    groups: of('aws_cloudwatch_log_group').map((group) =>
      comparable({
        LogGroupName: group.name,
        RetentionInDays: group.retention_in_days,
        LogGroupClass: group.log_group_class ?? undefined,
        KmsKeyId: group.kms_key_id ?? undefined,
        stays: group.skip_destroy,
      }),
    ),
    bucket,
    alarms: of('aws_cloudwatch_metric_alarm').map((alarm) =>
      comparable({
        AlarmName: alarm.alarm_name,
        AlarmDescription: alarm.alarm_description,
        Namespace: alarm.namespace,
        MetricName: alarm.metric_name,
        Dimensions: Object.entries(Object(alarm.dimensions)).map(([Name, Value]) => ({ Name, Value })),
        Statistic: alarm.statistic,
        Period: alarm.period,
        EvaluationPeriods: alarm.evaluation_periods,
        Threshold: alarm.threshold,
        ComparisonOperator: alarm.comparison_operator,
        TreatMissingData: alarm.treat_missing_data,
        AlarmActions: alarm.alarm_actions ?? [],
        OKActions: alarm.ok_actions ?? [],
      }),
    ),
    dashboards: of('aws_cloudwatch_dashboard').map(({ dashboard_name: name, dashboard_body: body }) =>
      comparable({ DashboardName: name, DashboardBody: JSON.parse(String(body)) }),
    ),
  };
}

/** Lists of one are their item, and lists are sorted: IAM takes a single value for a list of one, in any order. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    if (value.length === 1) return comparable(value[0]);
    return value.map(comparable).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, comparable(inner)]),
  );
}
