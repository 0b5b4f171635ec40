/** How many letters may be wrong, missing or too many in a name that was meant as another. */
const MISTAKES_MAX = 2;

/** @returns the name that the text is probably a misspelling of; undefined when none is near. A name is nearest to itself */
export function nearest<T extends string>(
  text: string,
  names: readonly T[],
  mistakesMax = MISTAKES_MAX,
): T | undefined {
  const ranked = names
    .filter((name) => Math.abs(name.length - text.length) <= mistakesMax)
    .map((name) => ({ name, mistakes: editDistance(text, name) }))
    .sort((a, b) => a.mistakes - b.mistakes);
  const [best] = ranked;
  return best && best.mistakes <= Math.min(mistakesMax, text.length / 3) ? best.name : undefined;
}

/** Levenshtein's: letters to change, add or take away. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [above, letter] of [...from].entries()) {
    const next = [above + 1];
    for (let at = 1; at <= to.length; at++) {
      const [diagonal = 0, up = 0, left = 0] = [row[at - 1], row[at], next[at - 1]];
      next.push(Math.min(diagonal + (letter === to[at - 1] ? 0 : 1), up + 1, left + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** More would be other words: `DLQ_ARN` is no `DLQ_URL`, and `SMTP_PORT` no `HTTP_PORT`. */
const VARIABLE_MISTAKES_MAX = 1;
/** A letter away from settings, and variables of others. */
const OTHERS = /^HTTPS_/;

/**
 * Variables that are probably settings with a letter wrong.
 * @returns a sentence for each
 */
export function misspeltSettings(
  environment: Readonly<Record<string, string | undefined>>,
  settingNames: readonly string[],
): string[] {
  return Object.keys(environment).flatMap((name) => {
    if (!environment[name]?.trim() || settingNames.includes(name) || OTHERS.test(name)) return [];
    const meant = nearest(name, settingNames, VARIABLE_MISTAKES_MAX);
    return meant === undefined ? [] : [`${name}: is not a setting; did you mean ${meant}?`];
  });
}
