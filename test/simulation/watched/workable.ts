import { lookForWork as look, observeWork as observe, type Workable } from '../../../service/run/watch/workable.ts';
import { watch } from './instruments.ts';

export const lookForWork = look;

export function observeWork(metrics: Parameters<typeof observe>[0], workable: Workable, nowMs: number): void {
  watch({ workable });
  observe(metrics, workable, nowMs);
}
