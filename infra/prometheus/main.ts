import { parseArgs } from 'node:util';
import { alertRules } from './rules.ts';

/** `npm run --silent alerts`: prints the rules, with links to a runbook of your own. */
const { values } = parseArgs({ options: { 'runbook-url': { type: 'string' } } });
process.stdout.write(alertRules(values['runbook-url']));
