/** AWS's partitions, and how the names of their regions look (botocore, `partitions.json`). */
const REGIONS: Readonly<Record<string, RegExp>> = {
  aws: /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/,
  'aws-cn': /^cn-\w+-\d+$/,
  'aws-us-gov': /^us-gov-\w+-\d+$/,
  'aws-iso': /^us-iso-\w+-\d+$/,
  'aws-iso-b': /^us-isob-\w+-\d+$/,
  'aws-iso-e': /^eu-isoe-\w+-\d+$/,
  'aws-iso-f': /^us-isof-\w+-\d+$/,
  'aws-eusc': /^eusc-de-\w+-\d+$/,
};

export function partitionOf(arn: string): string {
  return arn.split(':')[1] ?? '';
}

/** Whether a region can be one of the partition; true of partitions that this version does not know. */
export function hasRegion(partition: string, region: string): boolean {
  return REGIONS[partition]?.test(region) ?? true;
}
