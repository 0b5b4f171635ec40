import type { Logger } from '../../service/base/logger.ts';
import type { Actor, World } from './world.ts';

/** What the service logs goes into the journal; what is for debugging is left out. */
export function createJournalLogger(world: World, { name }: Actor): Logger {
  const level = (level: string) => (fields: object | string, text?: string) =>
    world.note(`${name} ${level} ${typeof fields === 'string' ? fields : `${text} ${JSON.stringify(fields)}`}`);
  const nothing = () => {};
  const logger = { trace: nothing, debug: nothing, info: level('info'), warn: level('warn') };
  return { ...logger, error: level('error'), fatal: level('fatal') } as unknown as Logger;
}
