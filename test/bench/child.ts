import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Processes of the benchmark, called by name over Node's IPC channel: one argument of plain data, one answer. Both sides
 * name the same interface of functions, so neither can ask for what the other does not have.
 */
export interface Child<Calls> extends AsyncDisposable {
  /** @throws Error as the other side threw it, or when the process is gone */
  call<N extends keyof Calls & string>(name: N, argument: ArgumentOf<Calls[N]>): Promise<AnswerOf<Calls[N]>>;
}

type ArgumentOf<F> = F extends (argument: infer A) => unknown ? A : never;
type AnswerOf<F> = F extends (argument: never) => infer R ? Awaited<R> : never;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string; readonly stack: string | undefined };

/** Starts a program that calls `answerCalls`. What it prints goes to standard error: standard output is the result's. */
export function startChild<Calls>(program: URL): Child<Calls> {
  const child = fork(program, { stdio: ['ignore', 2, 2, 'ipc'] });
  const exited = once(child, 'exit');
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let nextId = 1;
  let gone: Error | undefined;

  child.on('message', (message) => {
    const answer = message as Answer;
    const question = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) question?.reject(new Error(`${program.pathname}: ${answer.error}\n${answer.stack}`));
    else question?.resolve(answer.value);
  });
  child.once('exit', (status, signal) => {
    gone = new Error(`${program.pathname} ended with ${signal ?? `status ${status}`}`);
    for (const { reject } of waiting.values()) reject(gone);
  });

  return {
    call<N extends keyof Calls & string>(name: N, argument: ArgumentOf<Calls[N]>) {
      if (gone) return Promise.reject(gone);
      const question = Promise.withResolvers<AnswerOf<Calls[N]>>();
      const id = nextId++;
      waiting.set(id, question as PromiseWithResolvers<unknown>);
      child.send({ id, name, argument } satisfies Question);
      return question.promise;
    },
    async [Symbol.asyncDispose]() {
      // The other side ends with its channel.
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** The other side: answers calls until the parent closes the channel or ends, and then ends the process. */
export function answerCalls<Calls extends object>(calls: Calls): void {
  process.on('message', async (message) => {
    const { id, name, argument } = message as Question;
    // What arrives was typed by the same interface in the parent.
    const run = calls[name as keyof Calls] as (argument: unknown) => unknown;
    let answer: Answer;
    try {
      answer = { id, value: await run(argument) };
    } catch (error) {
      const { message: text, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
      answer = { id, error: text, stack };
    }
    process.send?.(answer);
  });
  process.once('disconnect', () => process.exit());
}
