import { Command, CommanderError } from 'commander';
import { SettingsError } from '../base/settings.ts';
import { addCompletion } from './completion.ts';
import { addConfig } from './config.ts';
import { addDeadLetters } from './dead-letters/commands.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE, EXIT_USAGE, type ExitCode, explain } from './errors.ts';
import { addObject } from './object/command.ts';
import { addQuarantine } from './quarantine/commands.ts';
import { addReceipts } from './receipts/commands.ts';
import { addReconcile } from './reconcile/command.ts';
import { addReplay } from './replay/command.ts';
import { type CliDeps, createSession, type Session } from './session.ts';
import { addStatus } from './status/command.ts';
import { addTenants } from './tenants/commands.ts';
import { addUndelivered } from './undelivered/commands.ts';
import { addUsage } from './usage/command.ts';
import { addVerify } from './verify/command.ts';

const EXIT_CODES = `
Exit status: 0 done, 1 trouble found or not done, 2 usage error, 130 after Ctrl-C, 143 after SIGTERM.
Commands read the settings of the service from the environment; \`log-distributor config\` shows them.
Without a command, the service starts.`;

/** Every command of the command line. */
export function createProgram(session: Session): Command {
  const program = new Command('log-distributor')
    .description("Delivers each tenant's logs into the tenant's own AWS account. The commands are for operators.")
    .version(session.deps.version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => session.deps.out.write(text),
      writeErr: (text) => session.deps.err.write(text),
    })
    .showHelpAfterError('(see --help)')
    .addHelpText('after', EXIT_CODES);
  addVerify(addTenants(program, session), session);
  addDeadLetters(program, session);
  addQuarantine(program, session);
  addUndelivered(program, session);
  addReplay(program, session);
  addReceipts(program, session);
  addReconcile(program, session);
  addObject(program, session);
  addStatus(program, session);
  addUsage(program, session);
  addConfig(program, session);
  addCompletion(program, session);
  return program;
}

/**
 * Runs one command line.
 * @param args what stands behind the program's name
 */
export async function runCli(args: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const session = createSession(deps);
  try {
    await createProgram(session).parseAsync(args, { from: 'user' });
    return session.exitCode ?? EXIT_DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
    return report(error, deps);
  } finally {
    session.close();
  }
}

function report(error: unknown, { environment, err, signal }: CliDeps): ExitCode {
  if (error instanceof SettingsError) {
    err.write(`log-distributor: wrong settings\n${error.message}\n`);
    return EXIT_USAGE;
  }
  const place = { endpointUrl: environment.AWS_ENDPOINT_URL?.trim() || undefined, region: regionOf(environment) };
  const ours = error instanceof CommandError;
  err.write(`log-distributor: ${signal.aborted && !ours ? 'interrupted' : explain(error, place)}\n`);
  return ours ? error.exitCode : EXIT_TROUBLE;
}

function regionOf(environment: CliDeps['environment']): string {
  return environment.AWS_REGION?.trim() || 'us-east-1';
}
