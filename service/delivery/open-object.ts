import { HEAD_BYTES, openS3Object, type S3Object, type S3SourceDeps } from '../aws/s3-source.ts';
import type { DecodeLimits, Decoder } from '../core/chunk.ts';
import type { ObjectRef } from '../core/notification.ts';
import type { Kernel } from '../kernel/kernel.ts';

/** An object that is read by a delivery: to be disposed of once nothing reads it any more. */
export type OpenObject = (ref: ObjectRef, signal: AbortSignal) => Promise<S3Object & Disposable>;

/** Gives a new decoder of an opened object: each gives its chunks once. */
export type OpenDecoder = (
  object: S3Object,
  limits: DecodeLimits,
  signal: AbortSignal,
  inputFormat: string | undefined,
) => Promise<Decoder>;

/**
 * Opens objects so that what comes with the opening lies in the kernel's memory, which one object after another uses. For small
 * objects it is all there is of them; as garbage, a few hundred kilobytes each, it decided how often V8 collects.
 */
export function createObjectOpener(
  deps: S3SourceDeps,
  { bytes, memory }: Pick<Kernel, 'bytes' | 'memory'>,
): OpenObject {
  return async (ref, signal) => {
    using opened = new DisposableStack();
    const { at } = opened.use(memory.lend(HEAD_BYTES));
    const object = await openS3Object(deps, ref, signal, bytes.subarray(at, at + HEAD_BYTES));
    const loan = opened.move();
    return { ...object, [Symbol.dispose]: () => loan.dispose() };
  };
}
