import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ServiceProcess, startService } from '../../local/service-process.ts';
import type { Blow, ServicePlan, Strike } from './plan.ts';

/** The service processes of a trial: a place for each that is to run, filled again when its process ends. */
export interface Fleet {
  /** Every process that ever ran. */
  readonly processes: readonly FleetProcess[];
  /** Strikes so far that hit a process. */
  readonly hits: readonly Blow[];
  /** Strikes the process of this name, or the one at this place; nothing happens where there is none that runs. */
  strike(strike: Strike, target: string | number): void;
  /** When every place has a process again, and none is halted. */
  whole(): Promise<void>;
  /** Ends all with SIGTERM. */
  stop(): Promise<void>;
  /** Ends all at once, whatever they do. */
  abandon(): Promise<void>;
}

export interface FleetProcess {
  readonly name: string;
  readonly place: number;
  halted: boolean;
  /** It was halted while it drained, so that its grace may have ended meanwhile. */
  haltedInDrain?: boolean;
  /** `undefined`: it runs. */
  end: ProcessEnd | undefined;
  /** When it began, was told to end, and had ended, epoch milliseconds of the harness; absent: it has not, or nobody noted it. */
  readonly startedMs?: number;
  struckMs?: number;
  endedMs?: number;
}

export interface ProcessEnd {
  /** What was done to it; `undefined`: it ended by itself. */
  readonly blow: Exclude<Blow, 'HALT'> | undefined;
  /** null: a signal ended it. */
  readonly status: number | null;
}

export interface FleetDeps {
  readonly services: readonly ServicePlan[];
  readonly environment: Readonly<Record<string, string>>;
  /** A line for people who look into a trial. */
  readonly say: (text: string) => void;
}

const SKEW = fileURLToPath(new URL('skew.ts', import.meta.url));

interface Member {
  readonly entry: FleetProcess;
  readonly running: ServiceProcess;
  blow: ProcessEnd['blow'];
  halting: boolean;
}

export async function startFleet({ services, environment, say }: FleetDeps): Promise<Fleet> {
  const processes: FleetProcess[] = [];
  const hits: Blow[] = [];
  const members: (Member | undefined)[] = services.map(() => undefined);
  /** Processes on their way back. */
  const returning = new Set<Promise<unknown>>();
  let stopping = false;

  const start = async (place: number): Promise<void> => {
    const plan = services[place];
    if (!plan || stopping) return;
    const name = `p${place}-${processes.filter((one) => one.place === place).length}`;
    const entry: FleetProcess = { name, place, halted: false, end: undefined, startedMs: Date.now() };
    processes.push(entry);
    const running = await startService({
      nodeArguments: ['--import', SKEW],
      environment: {
        ...environment,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
        WORKER_THREADS: String(plan.threads),
        AWS_SDK_UA_APP_ID: name,
        CHAOS_CLOCK_OFFSET_MS: String(plan.clock.offsetMs),
        CHAOS_CLOCK_STEP_MS: String(plan.clock.stepMs),
        CHAOS_CLOCK_STEP_AFTER_MS: String(plan.clock.stepAfterMs),
      },
      onLine: (line) => say(`${name} ${JSON.stringify(line)}`),
    });
    const member: Member = { entry, running, blow: undefined, halting: false };
    members[place] = member;
    running.ended.then((status) => {
      entry.end = { blow: member.blow, status };
      entry.endedMs = Date.now();
      members[place] = undefined;
      say(`${name} ended by ${member.blow ?? 'itself'} with status ${status}`);
    });
  };

  const later = (work: Promise<unknown>) => {
    const tracked = work.finally(() => returning.delete(tracked));
    returning.add(tracked);
  };

  const end = async (member: Member, blow: Exclude<Blow, 'HALT'>, awayMs: number) => {
    member.blow = blow;
    member.entry.struckMs = Date.now();
    const ended = member.running.stop(blow === 'SIGKILL' ? 'SIGKILL' : 'SIGTERM');
    if (blow === 'SECOND') process.kill(member.running.pid, 'SIGTERM');
    await ended;
    await delay(awayMs);
    await start(member.entry.place);
  };

  const halt = async (member: Member, awayMs: number) => {
    member.entry.halted = true;
    member.halting = true;
    process.kill(member.running.pid, 'SIGSTOP');
    await delay(awayMs);
    process.kill(member.running.pid, 'SIGCONT');
    member.halting = false;
  };

  const everywhere = async (blow: 'SIGTERM' | 'SIGKILL') => {
    stopping = true;
    await Promise.all(returning);
    await Promise.all(
      members.map(async (member) => {
        if (!member) return;
        member.blow ??= blow;
        member.entry.struckMs ??= Date.now();
        await member.running.stop(blow);
      }),
    );
  };

  await Promise.all(services.map((_, place) => start(place)));
  return {
    processes,
    hits,
    strike({ blow, awayMs }, target) {
      const member = members.find((one) => one && (one.entry.name === target || one.entry.place === target));
      // One blow at a time: a process that drains is left to it.
      if (!member || member.blow || member.halting || stopping) return;
      hits.push(blow);
      say(`${member.entry.name} is struck by ${blow}`);
      later(blow === 'HALT' ? halt(member, awayMs) : end(member, blow, awayMs));
    },
    async whole() {
      while (returning.size > 0) await Promise.all(returning);
    },
    stop: () => everywhere('SIGTERM'),
    abandon: () => everywhere('SIGKILL'),
  };
}
