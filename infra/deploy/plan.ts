import { z } from 'zod';

/** What we read of Terraform's JSON (Terraform CLI documentation, "JSON output format"). */

const attributes = z.record(z.string(), z.unknown());
const PLAN = z.object({
  resource_changes: z
    .array(
      z.object({
        address: z.string(),
        type: z.string(),
        mode: z.string(),
        change: z.object({ actions: z.array(z.string()), before: attributes.nullable(), after: attributes.nullable() }),
      }),
    )
    .default([]),
});
const STATE = z.object({
  values: z
    .object({
      root_module: z.object({
        resources: z.array(z.object({ address: z.string(), type: z.string(), values: attributes })).default([]),
      }),
    })
    .optional(),
});

/** A resource that Terraform would change. */
export interface Change {
  /** As in `aws_sqs_queue.delivery_queue_0A1B2C3D`. */
  readonly address: string;
  readonly type: string;
  readonly creates: boolean;
  /** Alone, or before or after it creates another: what there is, goes. */
  readonly deletes: boolean;
  readonly before: Readonly<Record<string, unknown>>;
  /** What is only known when it is applied is missing. */
  readonly after: Readonly<Record<string, unknown>>;
}

/** The changes of `terraform show -json PLAN`; what stays as it is, is not among them. */
export function changesOf(planJson: string): readonly Change[] {
  return PLAN.parse(JSON.parse(planJson))
    .resource_changes.filter(({ mode }) => mode === 'managed')
    .map(({ address, type, change }) => ({
      address,
      type,
      creates: change.actions.includes('create'),
      deletes: change.actions.includes('delete'),
      before: change.before ?? {},
      after: change.after ?? {},
      touched: !change.actions.every((action) => action === 'no-op' || action === 'read'),
    }))
    .filter(({ touched }) => touched);
}

/** A resource of the state. */
export interface Held {
  readonly address: string;
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The resources of `terraform show -json`; none before the first deployment. */
export function stateOf(stateJson: string): readonly Held[] {
  return STATE.parse(JSON.parse(stateJson)).values?.root_module.resources ?? [];
}
