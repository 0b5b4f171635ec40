import type { Settings } from '../../service/base/settings.ts';
import type { createService as CreateService, Service } from '../../service/compose/service.ts';
import type { FleetProcess } from '../chaos/fleet.ts';
import { createJournalLogger } from './logger.ts';
import type { Blow } from './plan.ts';
import type { Actor, World } from './world.ts';

/** The tasks of a trial: a place for each that is to run, filled again when its process ends. */
export interface Fleet {
  /** Every process that ever ran. */
  readonly processes: readonly FleetProcess[];
  /** Lets a place have a process; nothing happens where it has one. */
  open(place: number): void;
  /** Ends the place's process by SIGTERM, and starts no other. */
  close(place: number): void;
  closeAll(): void;
  /** Ends the process without a word, on the spot. Its place is empty for a while. */
  kill(target: Target, awayMs: number): void;
  /** SIGTERM. */
  term(target: Target, awayMs: number): void;
  freeze(target: Target, ms: number): void;
  /** One of its threads ends by itself. */
  crashThread(target: Target): void;
  /** Somebody sets its host's clock. */
  setClock(target: Target, byMs: number): void;
  /** From now on processes start with these settings, which number batches in another way. */
  configure(settings: Settings): void;
  /** Blows so far that hit a process; one at an empty place hits none. */
  readonly hits: Readonly<Record<Blow, number>>;
  readonly running: number;
  /** Processes that run now. */
  readonly actors: readonly Actor[];
  /** Whether any of them is frozen now. */
  readonly frozen: boolean;
}

/** The process of this name, or the one at this place. */
export type Target = string | number;

export interface FleetDeps {
  readonly world: World;
  readonly createService: typeof CreateService;
  readonly threadsOf: (actor: Actor) => readonly { crash(): void }[];
  readonly settings: Settings;
  /** How far the clock of a place's host is off. */
  readonly aheadMs: (place: number) => number;
  /** Something happened that must not: a crash of the service by itself. */
  readonly find: (what: string) => void;
}

interface Member {
  readonly settings: Settings;
  readonly actor: Actor;
  readonly entry: FleetProcess;
  readonly service: Service;
}

/** A process has to load what it runs. */
const START_MS = { least: 300, spread: 1_200 };

export function createFleet(deps: FleetDeps): Fleet {
  const { world } = deps;
  let { settings } = deps;
  const processes: FleetProcess[] = [];
  const places = new Map<number, Member | 'starting'>();
  const closed = new Set<number>();
  const hostAhead = new Map<number, number>();
  const hits = { kill: 0, term: 0, freeze: 0, thread: 0 };

  const memberOf = (target: Target): Member | undefined => {
    const members = [...places.values()].filter((member) => member !== 'starting');
    return typeof target === 'string'
      ? members.find(({ actor }) => actor.name === target)
      : members.find(({ entry }) => entry.place === target);
  };

  const start = (place: number, afterMs: number) => {
    if (closed.has(place) || places.has(place)) return;
    places.set(place, 'starting');
    const ms = afterMs + START_MS.least + world.random.uniform() * START_MS.spread;
    world.after(ms, undefined, () => begin(place));
  };

  const begin = (place: number) => {
    places.delete(place);
    if (closed.has(place)) return;
    const name = `p${processes.length}`;
    const hostAheadMs = hostAhead.get(place) ?? deps.aheadMs(place);
    const { nowMs } = world;
    const actor: Actor = {
      name,
      alive: true,
      frozenUntilMs: 0,
      hostAheadMs,
      origin: { hostMs: nowMs + hostAheadMs, trueMs: nowMs },
      get process() {
        return actor;
      },
    };
    // In the middle of a deployment one that numbers batches in the old way may go on after it, and starts the chunk anew.
    const isMixed = [...places.values()].some((member) => member !== 'starting' && member.settings !== settings);
    const entry: FleetProcess = { name, place, halted: isMixed, end: undefined };
    processes.push(entry);
    world.note(`${name} starts at place ${place}, its clock ${hostAheadMs} ms ahead`);
    world.after(0, actor, () => {
      const logger = createJournalLogger(world, actor);
      const onCrash = (error: Error) => {
        deps.find(`${name} crashed: ${error.message}`);
        end(member, undefined, 1, 1_000);
      };
      const service = deps.createService({ settings, logger, version: 'simulated', onCrash });
      const member: Member = { settings, actor, entry, service };
      places.set(place, member);
      service.start().catch((error: unknown) => {
        deps.find(`${name} could not start: ${error}`);
        end(member, undefined, 1, 1_000);
      });
    });
    // Until its turn comes, a moment later, the place is taken.
    places.set(place, 'starting');
  };

  const end = (
    { actor, entry }: Member,
    blow: NonNullable<FleetProcess['end']>['blow'],
    status: number | null,
    awayMs: number,
  ) => {
    if (!actor.alive) return;
    actor.alive = false;
    entry.end = { blow, status };
    places.delete(entry.place);
    world.note(`${actor.name} has ended: ${blow ?? 'by itself'}, ${status}`);
    start(entry.place, awayMs);
  };

  const term = (target: Target, awayMs: number) => {
    const member = memberOf(target);
    if (!member || stopping.has(member)) return;
    stopping.add(member);
    hits.term++;
    member.entry.haltedInDrain = member.actor.frozenUntilMs > world.nowMs;
    world.note(`SIGTERM for ${member.actor.name}`);
    world.after(0, member.actor, async () => {
      const how = await member.service.stop();
      end(member, 'SIGTERM', how === 'drained' ? 0 : 1, awayMs);
    });
  };
  const stopping = new Set<Member>();
  const close = (place: number) => {
    closed.add(place);
    term(place, 0);
  };

  return {
    processes,
    hits,
    open(place) {
      closed.delete(place);
      start(place, 0);
    },
    close,
    closeAll() {
      for (const place of [...places.keys()]) close(place);
    },
    kill(target, awayMs) {
      const member = memberOf(target);
      if (!member) return;
      hits.kill++;
      end(member, 'SIGKILL', null, awayMs);
    },
    term,
    freeze(target, ms) {
      const member = memberOf(target);
      if (!member) return;
      hits.freeze++;
      world.note(`${member.actor.name} is frozen for ${ms} ms`);
      member.entry.halted = true;
      member.entry.haltedInDrain = stopping.has(member);
      member.actor.frozenUntilMs = Math.max(member.actor.frozenUntilMs, world.nowMs + ms);
    },
    crashThread(target) {
      const member = memberOf(target);
      if (!member) return;
      const [thread] = deps.threadsOf(member.actor);
      if (!thread) return;
      hits.thread++;
      world.note(`a thread of ${member.actor.name} ends`);
      // What a thread was at is repeated as if its process had been killed.
      member.entry.halted = true;
      thread.crash();
    },
    setClock(target, byMs) {
      const member = memberOf(target);
      if (!member) return;
      world.note(`the clock of ${member.actor.name} is set by ${byMs} ms`);
      member.actor.hostAheadMs += byMs;
      hostAhead.set(member.entry.place, member.actor.hostAheadMs);
    },
    configure(next) {
      settings = next;
      // Whoever goes on with other batches starts the chunk at hand anew.
      for (const entry of processes) entry.halted = true;
    },
    get frozen() {
      return [...places.values()].some((member) => member !== 'starting' && member.actor.frozenUntilMs > world.nowMs);
    },
    get running() {
      return places.size;
    },
    get actors() {
      return [...places.values()].flatMap((member) => (member === 'starting' ? [] : [member.actor]));
    },
  };
}
