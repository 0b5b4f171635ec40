import * as z from 'zod';

/**
 * What CloudWatch Logs makes of an event in the embedded metric format, by the rules of the CloudWatch user guide, "Specification: Embedded
 * metric format", and of the CloudWatch API reference, Dimension and MetricDatum.
 */
const UNITS = ['Seconds', 'Count'] as const;
const name = z.string().min(1).max(1024);
const DOCUMENT = z.looseObject({
  // Others than these two are ignored in the specification, and refused here, as they would be typing errors.
  _aws: z.strictObject({
    Timestamp: z.int().nonnegative(),
    CloudWatchMetrics: z
      .array(
        z.strictObject({
          Namespace: z
            .string()
            .regex(/^[\w.\-/#:]{1,255}$/)
            .refine((text) => !text.startsWith('AWS/')),
          Dimensions: z.array(z.array(z.string().min(1).max(250)).max(30)).min(1),
          Metrics: z
            .array(
              z.strictObject({ Name: name, Unit: z.enum(UNITS), StorageResolution: z.literal([1, 60]).optional() }),
            )
            .min(1)
            .max(100),
        }),
      )
      .min(1),
  }),
});
const DIMENSION_VALUE = /^(?!:)(?=.*\S)[\x20-\x7e]{1,1024}$/;

export interface EmbeddedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number;
}

/** @throws Error for an event of which CloudWatch Logs makes no metrics, or not all */
export function metricsOf(message: string): EmbeddedMetric[] {
  const root = DOCUMENT.parse(JSON.parse(message));
  const { Timestamp: timestamp, CloudWatchMetrics } = root._aws;
  return CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((set) => {
      const dimensions = Object.fromEntries(
        set.map((key) => [key, z.string().regex(DIMENSION_VALUE).parse(root[key])] as const),
      );
      return Metrics.map(({ Name, Unit: unit }) => {
        const value = z.number().parse(root[Name]);
        return { namespace, name: Name, unit, dimensions, value, timestamp };
      });
    }),
  );
}
