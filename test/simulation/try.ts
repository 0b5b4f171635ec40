import { installClocks } from './clocks.ts';
import { DEFAULT_SIZE, planTrial } from './plan.ts';
import { replaceModules } from './replace.ts';
replaceModules();
installClocks();
const { loadSubject, runTrial } = await import('./trial.ts');
const subject = await loadSubject();
for (let seed = Number(process.argv[2]); seed <= Number(process.argv[3] ?? process.argv[2]); seed++) {
  const t0 = process.hrtime.bigint();
  const { journal, ...result } = await runTrial(subject, planTrial(String(seed), DEFAULT_SIZE));
  console.log(JSON.stringify(result), journal.lines.length, journal.hash().slice(0, 12), Number(process.hrtime.bigint() - t0) / 1e6, 'ms');
  if (process.env.J) console.log(journal.lines.join('\n'));
}
