import { awsErrorName, FAULT_NAMES, faultOf } from '../aws/fault.ts';
import { saidBy } from '../aws/words.ts';
import { answerOf } from '../base/aws-answer.ts';
import { DistributorError } from '../base/errors.ts';

/** How a command ends: it did what it was asked for, it found trouble or could not do it, or the command line was wrong (a usage error). */
export const EXIT_DONE = 0;
export const EXIT_TROUBLE = 1;
export const EXIT_USAGE = 2;
export type ExitCode = typeof EXIT_DONE | typeof EXIT_TROUBLE | typeof EXIT_USAGE;

/** Ends a command with a sentence for whoever typed it: what is wrong, and the next step. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT_TROUBLE, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line, a file or a setting is wrong: nothing was done. */
export function usageError(message: string): CommandError {
  return new CommandError(message, EXIT_USAGE);
}

/** Where a call went, so that its failure can say which setting is probably wrong. */
export interface Place {
  readonly endpointUrl: string | undefined;
  readonly region: string;
}

/** What a failed command tells its user. Never a stack: what nobody expected still has its name and its message. */
export function explain(error: unknown, place: Place): string {
  if (error instanceof CommandError) return error.message;
  // What AWS answered, and what to do about it, is in its message.
  if (error instanceof DistributorError && (error.aws || error.cause === undefined)) return error.message;
  const cause = error instanceof DistributorError ? error.cause : error;
  const said = error instanceof Error ? error.message : String(error);
  if (!(cause instanceof Error) || !isOfAws(cause)) return said === '' ? awsErrorName(cause) : said;
  const where = place.endpointUrl === undefined ? `AWS in ${place.region}` : place.endpointUrl;
  const words = answerOf(cause) ? saidBy(cause) : `${awsErrorName(cause)}: ${said}`;
  switch (faultOf(cause)) {
    case 'credentials':
      return `${where} does not accept these credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID, renew an expired session, or run the command where a role is available. ${words}`;
    case 'refused':
      return `not permitted: give the identity that runs this command the permission. ${words}`;
    case 'missing':
      return `${where} has no such resource: check AWS_REGION, AWS_ENDPOINT_URL and the names in \`log-distributor config\`. ${words}`;
    case 'throttle':
      return `${where} throttles the calls: try again in a minute, or at a lower rate. ${words}`;
    case 'transient':
      return answerOf(cause)
        ? `${where} has trouble: try again in a minute. ${words}`
        : `${where} does not answer: check AWS_ENDPOINT_URL, AWS_REGION and the network, then try again. ${words}`;
    case 'aborted':
      return 'interrupted';
    default:
      return words;
  }
}

/** Errors of the SDK carry metadata; those of the network have a name of the table. A file's have a code as well. */
function isOfAws(error: Error): boolean {
  return '$metadata' in error || faultOf(error) !== 'transient' || FAULT_NAMES.includes(awsErrorName(error));
}
