import { parentPort, threadId, workerData } from 'node:worker_threads';
import { createLogger } from '../base/logger.ts';
import type { Settings } from '../base/settings.ts';
import { runThread } from './thread.ts';

/** A worker thread of the service. */
if (!parentPort) throw new Error('runs in a worker thread only');
const settings = workerData as Settings;
runThread({ port: parentPort, settings, logger: createLogger(settings.logLevel, { thread: threadId }) });
