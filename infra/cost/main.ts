import { parseArgs } from 'node:util';
import { configOf } from '../config.ts';
import { DESIGNS, estimate } from './model.ts';
import { renderTable } from './table.ts';
import { TYPICAL } from './workload.ts';

const USAGE = `usage: npm run cost -- --tb TB [--message-bytes BYTES] [--partitions COUNT] [--environment NAME] [--json]

  --tb TB                 message text in a month, in TB
  --message-bytes BYTES   average length of a line, ${TYPICAL.messageBytes} if not given
  --partitions COUNT      tenants times clusters times environments, ${TYPICAL.partitions} if not given
  --environment NAME      whose settings to take (infra/config.ts), production if not given`;

const OPTIONS = {
  tb: { type: 'string' },
  'message-bytes': { type: 'string', default: String(TYPICAL.messageBytes) },
  partitions: { type: 'string', default: String(TYPICAL.partitions) },
  environment: { type: 'string', default: 'production' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function run(): void {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const workload = {
    ...TYPICAL,
    terabytes: Number(values.tb),
    messageBytes: Number(values['message-bytes']),
    partitions: Number(values.partitions),
  };
  const wanted = [workload.terabytes, workload.messageBytes, workload.partitions];
  if (wanted.some((number) => !(number > 0))) throw new Error('numbers must be greater than 0');
  const estimates = DESIGNS.map((design) => estimate(design, workload, configOf(values.environment)));
  console.log(values.json ? JSON.stringify(estimates, null, 2) : renderTable(estimates));
}

try {
  run();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
