import {
  loadConfig,
  NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS,
  NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS,
} from '@smithy/core/config';

/** Where the calls of a service go. The environment and AWS's configuration files say it as they do to the SDK. */

export type ServiceId = 'dynamodb' | 'kms' | 'logs' | 's3' | 'sqs' | 'sts';

export interface EndpointPlace {
  readonly region: string;
  /** Of all services, if the settings name one. */
  readonly endpointUrl?: string | undefined;
}

/** Which of a service's hosts is meant. */
export interface HostVariant {
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** What the SDK calls the services where a variable or a profile names an endpoint of one of them. */
const CONFIG_NAMES: Readonly<Record<ServiceId, string>> = {
  dynamodb: 'dynamodb',
  kms: 'kms',
  logs: 'cloudwatch_logs',
  s3: 's3',
  sqs: 'sqs',
  sts: 'sts',
};

/** Domains of AWS's partitions, by how the names of their regions begin (AWS SDKs, partitions.json); others are of the first. */
const PARTITIONS: readonly (readonly [regions: RegExp, suffix: string, dualStackSuffix: string])[] = [
  [/^cn-/, 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  [/^us-iso-/, 'c2s.ic.gov', 'api.aws.ic.gov'],
  [/^us-isob-/, 'sc2s.sgov.gov', 'api.aws.scloud'],
  [/^eu-isoe-/, 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  [/^us-isof-/, 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  [/^eusc-/, 'amazonaws.eu', 'api.amazonwebservices.eu'],
  [/^/, 'amazonaws.com', 'api.aws'],
];

/** In these regions the ordinary endpoint of the service is the FIPS one (endpoint rules of the services). */
const FIPS_BY_DEFAULT: Readonly<Record<ServiceId, RegExp>> = {
  dynamodb: /^us-gov-(east|west)-1$/,
  kms: /^$/,
  logs: /^us-gov-(east|west)-1$/,
  s3: /^$/,
  sqs: /^us-gov-(east|west)-1$/,
  sts: /^us-gov-(east|west)-1$/,
};

/** The host of a service, where nobody names another. Compared with the SDK's rules, region by region, in a test. */
export function hostOf(service: ServiceId, region: string, { fips, dualStack }: HostVariant): string {
  const [, suffix, dualStackSuffix] = PARTITIONS.find(([regions]) => regions.test(region)) ?? ['', '', ''];
  if (service === 's3') {
    // S3 has its dual-stack hosts in the ordinary domain.
    return `s3${fips ? '-fips' : ''}${dualStack ? '.dualstack' : ''}.${region}.${suffix}`;
  }
  if (fips && !dualStack && FIPS_BY_DEFAULT[service].test(region)) return `${service}.${region}.${suffix}`;
  return `${service}${fips ? '-fips' : ''}.${region}.${dualStack ? dualStackSuffix : suffix}`;
}

/** Where a service's calls go, and whether somebody has named that place. */
export interface Endpoint {
  readonly url: URL;
  readonly isCustom: boolean;
}

export async function findEndpoint(service: ServiceId, place: EndpointPlace): Promise<Endpoint> {
  const custom = place.endpointUrl ?? (await configuredUrl(service));
  if (custom !== undefined) return { url: new URL(custom), isCustom: true };
  const [fips, dualStack] = await Promise.all([
    loadConfig(NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS)(),
    loadConfig(NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS)(),
  ]);
  const variant = { fips: fips === true, dualStack: dualStack === true };
  return { url: new URL(`https://${hostOf(service, place.region, variant)}`), isCustom: false };
}

type Profile = Readonly<Record<string, string | undefined>>;

/** An endpoint that a variable or a profile names: that of the service before that of all. */
async function configuredUrl(service: ServiceId): Promise<string | undefined> {
  const name = CONFIG_NAMES[service];
  const ignored = await loadConfig<boolean>({
    environmentVariableSelector: (environment) => isTrue(environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS),
    configFileSelector: (profile) => isTrue(profile.ignore_configured_endpoint_urls),
    default: false,
  })();
  if (ignored) return undefined;
  return loadConfig<string | undefined>({
    environmentVariableSelector: (environment) =>
      filled(environment[`AWS_ENDPOINT_URL_${name.toUpperCase()}`]) ?? filled(environment.AWS_ENDPOINT_URL),
    configFileSelector: (profile, file) => {
      // The parser puts the sections of other kinds beside the profiles, as `services.<name>`, and what is nested as `<service>.<key>`.
      const services: Profile | undefined = file?.[`services.${profile.services}`];
      return filled(services?.[`${name}.endpoint_url`]) ?? filled(profile.endpoint_url);
    },
    default: undefined,
  })();
}

/** A blank is no value, as in all settings. */
function filled(value: string | undefined): string | undefined {
  return value?.trim() || undefined;
}

function isTrue(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value.toLowerCase() === 'true';
}

/** Who looks at calls in CloudTrail sees whose they are; an operator may add a name (AWS_SDK_UA_APP_ID). */
export async function findUserAgent(): Promise<string> {
  const application = await loadConfig<string | undefined>({
    environmentVariableSelector: (environment) => environment.AWS_SDK_UA_APP_ID,
    configFileSelector: (profile) => profile.sdk_ua_app_id,
    default: undefined,
  })();
  // What a header may hold is what the SDK leaves as it is.
  return application ? `log-distributor app/${application.replace(/[^!$%&'*+\-.^_`|~\w#]/g, '-')}` : 'log-distributor';
}
