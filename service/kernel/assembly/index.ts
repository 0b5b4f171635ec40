// biome-ignore-all lint/performance/noBarrelFile: a module's exports are those of its entry file
/** The kernel's exports; service/kernel/kernel.ts is what the service sees of them. */
export { deflate } from './deflate';
export { digestEvents } from './digest';
export { scanByteArrays, takeMessages, writeEvents } from './events';
export { clearValues, takeNews, takeNumber } from './intern';
export { scanLines } from './lines';
export { lz4Part, snappyPart } from './parts';
export { addName, clearNames } from './scanner';
export { snappyDecompress } from './snappy';
