#!/usr/bin/env node
/** Without arguments the service, with arguments its command line: one program, and one image, for both. */
const args = process.argv.slice(2);

// Each loads what it needs: a command must not wait for the service's modules, nor the service for commander.
if (args.length === 0) {
  const { serve } = await import('./serve.ts');
  await serve();
} else {
  const { runOnTerminal } = await import('./cli/main.ts');
  const { readVersion } = await import('./version.ts');
  process.exitCode = await runOnTerminal(args, readVersion());
}
