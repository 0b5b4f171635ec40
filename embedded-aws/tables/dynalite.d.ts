/** The part of dynalite (which has no types of its own) that is used here. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  export interface DynaliteOptions {
    /** How long a table stays in CREATING and its like. Milliseconds, default 500. */
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
  }

  /** Not listening yet. */
  function dynalite(options?: DynaliteOptions): Server;
  export = dynalite;
}
