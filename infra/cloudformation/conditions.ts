import { SLOTS } from './choices.ts';
import { FIXED_NAMES } from './fixed-names.ts';
import { and, equals, holds, type JsonObject, not, or, ref } from './intrinsics.ts';
import { PLACEHOLDERS, partitionValuesParameter } from './key-template.ts';
import { SERVICE_SETTINGS, settingParameter } from './service-settings.ts';

const isTrue = (parameter: string) => equals(ref(parameter), 'true');
const isGiven = (parameter: string) => not(equals(ref(parameter), ''));
const isPositive = (parameter: string) => not(equals(ref(parameter), '0'));

function ofSlots(parameter: string, count: number, test: (parameter: string) => JsonObject) {
  const names = Array.from({ length: count }, (_, at) => `${parameter}${at + 1}`);
  return Object.fromEntries(names.map((name) => [`Has${name}`, test(name)]));
}

/** Every switch of the templates. A template has those that it uses. */
export const CONDITIONS: Readonly<Record<string, JsonObject>> = {
  IsProduction: isTrue('Production'),
  WithOwnKeys: isTrue('EncryptWithOwnKeys'),
  WithFirehose: isTrue('Firehose'),
  WithDeaggregation: isTrue('Deaggregate'),
  WithIntelligentTiering: isTrue('IntelligentTiering'),
  WithInfrequentAccess: isPositive('InfrequentAccessDays'),
  WithGlacier: isPositive('GlacierDays'),
  WithDeepArchive: isPositive('DeepArchiveDays'),
  IsRunning: isGiven('ImageTag'),
  IsDigest: equals({ 'Fn::Select': [0, { 'Fn::Split': [':', ref('ImageTag')] }] }, 'sha256'),
  WithTracing: isTrue('Tracing'),
  WithReceipts: isTrue('Receipts'),
  HasReceiptKeyArn: isGiven('ReceiptKeyArn'),
  WithPrometheus: isGiven('PrometheusRemoteWriteUrl'),
  HasPermissionsBoundary: isGiven('PermissionsBoundary'),
  WithAccessLog: isPositive('AccessLogRetentionDays'),
  WithSpotOnly: isTrue('SpotOnly'),
  WithSpot: and(isPositive('SpotPercent'), not(isTrue('SpotOnly'))),
  WithEssentialAlerts: isTrue('EssentialAlerts'),
  WithAllAlerts: not(isTrue('EssentialAlerts')),
  Scales: not(equals(ref('TasksMin'), ref('TasksMax'))),
  IsScaled: and(holds('IsRunning'), holds('Scales')),
  CountsTasks: or(holds('Scales'), holds('WithAllAlerts')),
  WithCanary: not(
    or(equals(ref('SettingCanaryIntervalSeconds'), ''), equals(ref('SettingCanaryIntervalSeconds'), '0')),
  ),
  WithReconcile: not(
    or(equals(ref('SettingReconcileIntervalSeconds'), ''), equals(ref('SettingReconcileIntervalSeconds'), '0')),
  ),
  WithUsage: not(equals(ref(settingParameter('USAGE')), 'false')),
  WithBudget: isPositive('BudgetMonthlyUsd'),
  WithAnomalyDetection: isPositive('AnomalyUsd'),
  WithSpending: or(holds('WithBudget'), holds('WithAnomalyDetection')),
  WithOwnNetwork: equals(ref('ExistingVpcId'), ''),
  WithThirdZone: equals(ref('AvailabilityZones'), '3'),
  WithNat: isPositive('NatGateways'),
  HasOwnNat: and(holds('WithOwnNetwork'), holds('WithNat')),
  HasPublicTasks: and(holds('WithOwnNetwork'), not(holds('WithNat'))),
  WithSecondNat: or(equals(ref('NatGateways'), '2'), equals(ref('NatGateways'), '3')),
  WithThirdNat: equals(ref('NatGateways'), '3'),
  HasOwnThirdZone: and(holds('WithOwnNetwork'), holds('WithThirdZone')),
  HasOwnSecondNat: and(holds('WithOwnNetwork'), holds('WithSecondNat')),
  HasOwnThirdNat: and(holds('HasOwnThirdZone'), holds('WithThirdNat')),
  HasInterfaceEndpoints: and(holds('WithOwnNetwork'), isTrue('InterfaceEndpoints')),
  HasPrometheusEndpoint: and(holds('HasInterfaceEndpoints'), equals(ref('PrometheusRegion'), ref('AWS::Region'))),
  WithEndpointPolicies: isTrue('EndpointPolicies'),
  HasFlowLog: and(holds('WithOwnNetwork'), isPositive('FlowLogRetentionDays')),
  WithIpv6: isTrue('Ipv6'),
  HasIpv6: and(holds('WithOwnNetwork'), holds('WithIpv6')),
  HasIpv6InThirdZone: and(holds('HasOwnThirdZone'), holds('WithIpv6')),
  HasNetworkAcl: and(holds('WithOwnNetwork'), isTrue('NetworkAcls')),
  HasNetworkAclInThirdZone: and(holds('HasNetworkAcl'), holds('WithThirdZone')),
  HasIpv6NetworkAcl: and(holds('HasNetworkAcl'), holds('WithIpv6')),
  WithEksWriter: isGiven('EksOidcIssuer'),
  WithPrincipals: isGiven('WriterExternalId'),
  HasWriter: or(holds('WithEksWriter'), holds('WithPrincipals')),
  ...ofSlots('AlertEmail', SLOTS.emails, isGiven),
  ...ofSlots('MetricsSource', SLOTS.metricsSources, isGiven),
  ...Object.fromEntries(
    Array.from({ length: SLOTS.metricsSources }, (_, at) => [
      `IsGroupMetricsSource${at + 1}`,
      equals({ 'Fn::Select': [0, { 'Fn::Split': ['-', ref(`MetricsSource${at + 1}`)] }] }, 'sg'),
    ]),
  ),
  ...Object.fromEntries(
    Array.from({ length: SLOTS.metricsSources }, (_, at) => `MetricsSource${at + 1}`).flatMap((source) => [
      [`Has${source}NetworkAcl`, and(holds('HasNetworkAcl'), holds(`Has${source}`))],
      [`HasBlock${source}NetworkAcl`, and(holds(`Has${source}NetworkAcl`), not(holds(`IsGroup${source}`)))],
    ]),
  ),
  ...Object.fromEntries(
    PLACEHOLDERS.map(partitionValuesParameter).map((parameter) => [`Has${parameter}`, isGiven(parameter)]),
  ),
  ...ofSlots('BudgetActualPercent', SLOTS.actualPercents, isPositive),
  ...ofSlots('BudgetForecastPercent', SLOTS.forecastPercents, isPositive),
  ...Object.fromEntries(FIXED_NAMES.map(({ parameter }) => [`Has${parameter}`, isGiven(parameter)])),
  ...Object.fromEntries(
    SERVICE_SETTINGS.map(({ name }) => [`Has${settingParameter(name)}`, isGiven(settingParameter(name))]),
  ),
};
