import type { Kernel } from '../../kernel/kernel.ts';
import type { Codec } from './codecs.ts';
import type { PageBuffer } from './page-buffer.ts';
import type { Room } from './room.ts';
import type { Leaf } from './schema.ts';

/** What the pages of a column chunk are read with. */
export interface PageContext {
  readonly kernel: Kernel;
  readonly codec: Codec;
  readonly leaf: Leaf;
  readonly room: Room;
  readonly buffer: PageBuffer;
}
