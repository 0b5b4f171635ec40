import type { Policy } from '../policy/document.ts';
import type { Role } from './accounts.ts';

/** Temporary credentials of a role. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  readonly expiresMs: number;
  readonly role: Role;
  readonly name: string;
  readonly tags: ReadonlyMap<string, string>;
  /** Keys of tags that go on to the sessions that this one makes. */
  readonly transitive: ReadonlySet<string>;
  /** Narrows the role's policies. */
  readonly policy: Policy | undefined;
}

export interface Sessions {
  create(session: Omit<Session, 'accessKeyId' | 'secretAccessKey' | 'token'>): Session;
  find(accessKeyId: string): Session | undefined;
}

export interface SessionsDeps {
  readonly newId: (prefix: string) => string;
  /** Base64 text that nobody can guess. */
  readonly newSecret: (bytes: number) => string;
  readonly sessionsMax?: number;
}

/**
 * An expired session is kept as long as there is room: a client that still uses it hears that its token is expired, not
 * that nobody knows it. The oldest go first.
 */
const SESSIONS_MAX = 100_000;

export function createSessions({ newId, newSecret, sessionsMax = SESSIONS_MAX }: SessionsDeps): Sessions {
  const sessions = new Map<string, Session>();
  return {
    create(made) {
      const session = { ...made, accessKeyId: newId('ASIA'), secretAccessKey: newSecret(30), token: newSecret(180) };
      sessions.set(session.accessKeyId, session);
      if (sessions.size > sessionsMax) {
        const [oldest] = sessions.keys();
        if (oldest !== undefined) sessions.delete(oldest);
      }
      return session;
    },
    find: (accessKeyId) => sessions.get(accessKeyId),
  };
}
