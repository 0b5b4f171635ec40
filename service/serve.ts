import { withRegion } from './aws/region.ts';
import { createLogger, errorFields } from './base/logger.ts';
import { misspeltSettings } from './base/nearest.ts';
import { readSettings, SETTING_NAMES, type Settings, SettingsError } from './base/settings.ts';
import { createService } from './compose/service.ts';
import { readVersion } from './version.ts';

/** Exit statuses: 0 drained after a signal, 1 could not start or crashed, 2 wrong settings. */
const EXIT_FAILURE = 1;
const EXIT_SETTINGS = 2;

/** What is not right with the settings, as they stand or as what they name is: one report, and status 2. */
function exitForSettings(error: unknown): void {
  if (!(error instanceof SettingsError)) return;
  console.error(`log-distributor: wrong settings\n${error.message}`);
  process.exit(EXIT_SETTINGS);
}

async function settingsOrExit(): Promise<{ settings: Settings; regionFrom: string | undefined }> {
  const { environment, regionFrom } = await withRegion(process.env);
  try {
    return { settings: readSettings(environment), regionFrom };
  } catch (error) {
    exitForSettings(error);
    throw error;
  }
}

/** Runs the service in this process until a signal ends it. Resolves once it receives. */
export async function serve(): Promise<void> {
  const { settings, regionFrom } = await settingsOrExit();
  const logger = createLogger(settings.logLevel);
  if (regionFrom !== undefined)
    logger.info(
      { region: settings.region, from: regionFrom },
      'AWS_REGION is not set: the region comes from elsewhere',
    );
  for (const sentence of misspeltSettings(process.env, SETTING_NAMES)) logger.warn(sentence);
  if (settings.plainDecoder)
    logger.warn(
      'PLAIN_DECODER is set: decoding NDJSON takes about 25 times the processor time, Parquet twice, calls three times, and memory more',
    );
  if (settings.kernelPoison) logger.warn('KERNEL_POISON is set, which is for tests only');

  const service = createService({
    settings,
    logger,
    version: readVersion(),
    onCrash: (error) => {
      logger.fatal(errorFields(error), 'the process ends; the ledger resumes what it was doing');
      process.exit(EXIT_FAILURE);
    },
  });

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) {
      logger.warn({ signal }, 'second signal: exiting at once; leases and messages run out by themselves');
      process.exit(EXIT_FAILURE);
    }
    stopping = true;
    logger.info({ signal, grace_seconds: settings.shutdownGraceMs / 1000 }, 'draining');
    const how = await service.stop();
    logger.info({ how }, 'stopped');
    process.exit(how === 'drained' ? 0 : EXIT_FAILURE);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  try {
    const port = await service.start();
    logger.info({ port, queue: settings.queueUrl, threads: settings.workerThreads }, 'receiving');
  } catch (error) {
    exitForSettings(error);
    logger.fatal(errorFields(error), 'could not start');
    process.exit(EXIT_FAILURE);
  }
}
