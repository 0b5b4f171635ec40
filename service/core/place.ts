/** A service in a region: what fails for all tenants at once, whichever of their accounts is called. */
export interface Place {
  readonly service: 'logs' | 's3' | 'sts';
  readonly region: string;
}

const NAMES: Readonly<Record<Place['service'], string>> = { logs: 'CloudWatch Logs', s3: 'S3', sts: 'STS' };

/** `logs/eu-west-1`, for maps. */
export function placeKey({ service, region }: Place): string {
  return `${service}/${region}`;
}

/** `CloudWatch Logs in eu-west-1`, for sentences. */
export function placeName({ service, region }: Place): string {
  return `${NAMES[service]} in ${region}`;
}
