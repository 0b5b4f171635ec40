import { parseArgs } from 'node:util';
import { configOfArguments } from '../config/arguments.ts';
import { dollarsOfRun, readRun, renderMeasured } from './measured.ts';
import { DESIGNS, estimate } from './model.ts';
import { renderPrices, renderTables } from './table.ts';
import { TYPICAL } from './workload.ts';

const USAGE = `usage: npm run cost -- --tb TB [--message-bytes BYTES] [--partitions COUNT] [--nodes COUNT] [--batch-seconds SECONDS]
                       [--environment NAME] [--config FILE] [--json]
       npm run cost -- --measured FILE [--environment NAME] [--config FILE] [--json]
       npm run cost -- --prices

  --tb TB                 message text in a month, in TB
  --message-bytes BYTES   average length of a line, ${TYPICAL.messageBytes} if not given
  --partitions COUNT      tenants times clusters times environments, ${TYPICAL.partitions} if not given
  --nodes COUNT           nodes that write to the bucket by themselves, ${TYPICAL.nodes} if not given
  --batch-seconds SECONDS after so long Vector closes an object, ${TYPICAL.batchSeconds} if not given
  --measured FILE         what the benchmark measured (npm run bench -- --json), in dollars by the same prices; - is standard input
  --prices                the prices, with their pages and the days on which they were seen
  -e, --environment NAME  whose settings to take (infra/environments/), production if not given
  --config FILE           YAML with what differs from the environment's own file`;

const OPTIONS = {
  tb: { type: 'string' },
  'message-bytes': { type: 'string', default: String(TYPICAL.messageBytes) },
  partitions: { type: 'string', default: String(TYPICAL.partitions) },
  nodes: { type: 'string', default: String(TYPICAL.nodes) },
  'batch-seconds': { type: 'string', default: String(TYPICAL.batchSeconds) },
  measured: { type: 'string' },
  prices: { type: 'boolean', default: false },
  environment: { type: 'string', short: 'e' },
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function run(): void {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (values.prices) {
    console.log(renderPrices());
    return;
  }
  const config = configOfArguments(values, 'production');
  if (config === undefined) throw new Error('nothing names the environment');
  if (values.measured !== undefined) {
    const measured = dollarsOfRun(readRun(values.measured), config);
    console.log(values.json ? JSON.stringify(measured, null, 2) : renderMeasured(measured));
    return;
  }
  const workload = {
    ...TYPICAL,
    terabytes: Number(values.tb),
    messageBytes: Number(values['message-bytes']),
    partitions: Number(values.partitions),
    nodes: Number(values.nodes),
    batchSeconds: Number(values['batch-seconds']),
  };
  if (Object.values(workload).some((number) => !(number > 0))) throw new Error('numbers must be greater than 0');
  const estimates = DESIGNS.map((design) => estimate(design, workload, config));
  console.log(values.json ? JSON.stringify(estimates, null, 2) : renderTables(estimates));
}

try {
  run();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
