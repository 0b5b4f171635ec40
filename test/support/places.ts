import { type Place, STS } from '../../service/core/place.ts';
import { CLOUDWATCH_LOGS } from '../../service/destination/cloudwatch/target.ts';

/** Where tenants' log groups are in most tests, and where their roles are assumed. */
export const LOGS_PLACE: Place = { service: CLOUDWATCH_LOGS, region: 'eu-west-1' };
export const STS_PLACE: Place = { service: STS, region: 'us-east-1' };
