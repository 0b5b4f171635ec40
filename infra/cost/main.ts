import { parseArgs } from 'node:util';
import { configOfArguments } from '../config/arguments.ts';
import { DESIGNS, estimate } from './model.ts';
import { renderTable } from './table.ts';
import { TYPICAL } from './workload.ts';

const USAGE = `usage: npm run cost -- --tb TB [--message-bytes BYTES] [--partitions COUNT] [--environment NAME] [--config FILE] [--json]

  --tb TB                 message text in a month, in TB
  --message-bytes BYTES   average length of a line, ${TYPICAL.messageBytes} if not given
  --partitions COUNT      tenants times clusters times environments, ${TYPICAL.partitions} if not given
  -e, --environment NAME  whose settings to take (infra/environments/), production if not given
  --config FILE           YAML with what differs from the environment's own file`;

const OPTIONS = {
  tb: { type: 'string' },
  'message-bytes': { type: 'string', default: String(TYPICAL.messageBytes) },
  partitions: { type: 'string', default: String(TYPICAL.partitions) },
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
  const workload = {
    ...TYPICAL,
    terabytes: Number(values.tb),
    messageBytes: Number(values['message-bytes']),
    partitions: Number(values.partitions),
  };
  const wanted = [workload.terabytes, workload.messageBytes, workload.partitions];
  if (wanted.some((number) => !(number > 0))) throw new Error('numbers must be greater than 0');
  const config = configOfArguments(values, 'production');
  if (config === undefined) throw new Error('nothing names the environment');
  const estimates = DESIGNS.map((design) => estimate(design, workload, config));
  console.log(values.json ? JSON.stringify(estimates, null, 2) : renderTable(estimates));
}

try {
  run();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
