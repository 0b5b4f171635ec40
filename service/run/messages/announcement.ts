import { asDistributorError, type DistributorError } from '../../base/errors.ts';
import { type ObjectRef, parseNotification, type RefusedRecords } from '../../core/notification.ts';
import type { KeyTemplate } from '../../core/object-key.ts';
import type { ObjectTask } from '../../delivery/destination.ts';

/** What a message announces: objects to deliver, and objects of which nobody can tell whose they are. */
export interface Announcement {
  readonly objects: readonly ObjectRef[];
  readonly tasks: readonly ObjectTask[];
  /** One for each object whose key names no tenant. */
  readonly errors: readonly DistributorError[];
  /** What stands beside them, and announces no object. */
  readonly rest: RefusedRecords | undefined;
  readonly tenants: ReadonlySet<string>;
}

export const NOTHING_ANNOUNCED: Announcement = {
  objects: [],
  tasks: [],
  errors: [],
  rest: undefined,
  tenants: new Set(),
};

/** @throws DistributorError `not-a-notification` */
export function readAnnouncement(body: string, keyTemplate: KeyTemplate): Announcement {
  const notification = parseNotification(body);
  if (notification.kind !== 'objects') return NOTHING_ANNOUNCED;
  const { objects, rest } = notification;
  const tasks: ObjectTask[] = [];
  const errors: DistributorError[] = [];
  for (const ref of objects) {
    try {
      tasks.push({ ref, keyFields: keyTemplate.parse(ref.key) });
    } catch (error) {
      errors.push(asDistributorError(error));
    }
  }
  return { objects, tasks, errors, rest, tenants: new Set(tasks.map(({ keyFields }) => keyFields.tenant_id)) };
}
