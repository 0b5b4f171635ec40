/**
 * List prices of us-east-1 in US dollars, of what the service itself speaks of. `infra/cost/prices.ts` has the whole list, and says of each
 * where AWS publishes it.
 */
export const USD = {
  s3Put: 0.005 / 1000,
  s3Get: 0.0004 / 1000,
  snsPublish: 0.5 / 1e6,
  sqsRequest: 0.4 / 1e6,
  dynamoWrite: 0.625 / 1e6,
  /** A GB that a log group of the class STANDARD takes in, and one of the class INFREQUENT_ACCESS. */
  logsIngestion: 0.5,
  logsInfrequentAccess: 0.25,
} as const;
