/** An AWS service that is called with the sessions of tenants. Plain data: it goes to other threads. */
export interface AwsService {
  /** `logs`, for metrics and keys. */
  readonly id: string;
  /** `CloudWatch Logs`, for sentences. */
  readonly name: string;
}

/** Where roles are assumed. The other services are those of the kinds of destination (destination/kinds.ts). */
export const STS: AwsService = { id: 'sts', name: 'STS' };

/** A service in a region: what fails for all tenants at once, whichever of their accounts is called. */
export interface Place {
  readonly service: AwsService;
  readonly region: string;
}

/** `logs/eu-west-1`, for maps. */
export function placeKey({ service, region }: Place): string {
  return `${service.id}/${region}`;
}

/** `CloudWatch Logs in eu-west-1`, for sentences. */
export function placeName({ service, region }: Place): string {
  return `${service.name} in ${region}`;
}

/** Whether roles are assumed there, instead of logs delivered. */
export function isSts({ service }: Place): boolean {
  return service.id === STS.id;
}
