import type { Digest } from '../../service/core/digest.ts';
import type { Kernel } from '../../service/kernel/kernel.ts';
import { FORM_JSON, FORM_TEXT, SLACK_BYTES } from '../../service/kernel/layout.ts';

/** A message as a chunk has it. */
export interface LaidMessage {
  /** What lies in memory: the text, or the inside of a JSON string. */
  readonly bytes: Uint8Array;
  readonly timeMs: number;
  /** Bytes of the text when this is the inside of a JSON string; undefined: it is the text. */
  readonly unescapedBytes?: number;
}

/** Messages in a kernel's memory, one behind the other, and their digest by the kernel. */
export function layMessages(kernel: Kernel, messages: readonly LaidMessage[], scratchBytes: number) {
  const { memory, bytes, words, doubles, calls } = kernel;
  const loans = new DisposableStack();
  const count = messages.length;
  const lend = (size: number) => loans.use(memory.lend(Math.max(size, 16) + SLACK_BYTES)).at;
  const text = lend(messages.reduce((sum, one) => sum + one.bytes.length, 0));
  const [starts, lengths, sizes, events] = [lend(count * 4), lend(count * 4), lend(count * 4), lend(count * 4)];
  const at = { starts, lengths, sizes, events, forms: lend(count), times: lend(count * 8), target: lend(16) };
  const scratch = lend(scratchBytes);
  let end = 0;
  for (const [i, message] of messages.entries()) {
    bytes.set(message.bytes, text + end);
    words[starts / 4 + i] = end;
    words[lengths / 4 + i] = message.bytes.length;
    words[sizes / 4 + i] = message.unescapedBytes ?? message.bytes.length;
    words[events / 4 + i] = i;
    bytes[at.forms + i] = message.unescapedBytes === undefined ? FORM_TEXT : FORM_JSON;
    doubles[at.times / 8 + i] = message.timeMs;
    end += message.bytes.length;
  }
  return {
    /** Of the message bytes, where the first one begins. */
    text,
    times: at.times,
    /** @returns undefined when the scratch is too small */
    digest(): { readonly digest: Digest; readonly bytes: number } | undefined {
      const sum = calls.digestEvents({ ...at, count, bytes: text, scratch, scratchBytes });
      if (sum < 0) return undefined;
      return { digest: { lo: bytes.readBigUInt64LE(at.target), hi: bytes.readBigUInt64LE(at.target + 8) }, bytes: sum };
    },
    [Symbol.dispose]: () => loans.dispose(),
  };
}
