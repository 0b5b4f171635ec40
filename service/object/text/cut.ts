import type { Chunk, DecodeRequest, Position } from '../../core/chunk.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Collector } from './collector.ts';
import type { ValuePlace } from './value-splitter.ts';

/** What cutting a text takes, whatever its shape is. */
export interface Cut {
  readonly kernel: Kernel;
  /** Disposed of with the decoder. */
  readonly resources: DisposableStack;
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly collector: Collector;
  readonly from: Position;
  readonly place: ValuePlace;
  readonly request: DecodeRequest;
  readonly cursorOf: (place: ValuePlace) => string;
}

/** Cuts a text into records: chunk by chunk, each good until the next but one is asked for. */
export type CutText = (cut: Cut) => AsyncGenerator<Chunk, void, undefined>;
