import { Argument, type Command } from 'commander';
import { EXIT_DONE } from './errors.ts';
import type { Session } from './session.ts';

/** `completion bash | zsh`: a script that completes commands and options, generated from the program itself. */

const SHELLS = ['bash', 'zsh'] as const;

export function addCompletion(program: Command, session: Session): void {
  const completion = program
    .command('completion')
    .addArgument(new Argument('<shell>', 'the shell that is to complete').choices(SHELLS))
    .description('A script by which a shell completes commands and options.')
    .addHelpText(
      'after',
      '\nExamples:\n  log-distributor completion bash > ~/.local/share/bash-completion/completions/log-distributor\n  source <(log-distributor completion zsh)',
    );
  session.run(completion, ({ printer }, _options, [shell]) => {
    const script = completionScript(program, shell === 'zsh' ? 'zsh' : 'bash');
    printer.result({ script }, () => script);
    return EXIT_DONE;
  });
}

/** zsh reads bash's completions once it has been asked to. */
export function completionScript(program: Command, shell: (typeof SHELLS)[number]): string {
  const name = program.name();
  const functionName = `_${name.replaceAll('-', '_')}`;
  const cases = wordsOf(program)
    .map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;\n`)
    .join('');
  return `${shell === 'zsh' ? 'autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n' : ''}${functionName}() {
  local path='' words='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "$path \${COMP_WORDS[at]}" in
${commandPaths(program)
  .map((path) => `      '${path}') path='${path}' ;;\n`)
  .join('')}    esac
  done
  case "$path" in
${cases}  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F ${functionName} ${name}
`;
}

interface Completed {
  /** Names of the commands so far, each with a blank before it. */
  readonly path: string;
  readonly words: readonly string[];
}

function wordsOf(command: Command, path = ''): Completed[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const options = help.visibleOptions(command).flatMap(({ long }) => long ?? []);
  const own = { path, words: [...commands.map((one) => one.name()), ...options] };
  return [own, ...command.commands.flatMap((one) => wordsOf(one, `${path} ${one.name()}`))];
}

function commandPaths(command: Command): string[] {
  return wordsOf(command).flatMap(({ path }) => (path === '' ? [] : [path]));
}
