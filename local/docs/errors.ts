import { dispositionOf, ERROR_CODES } from '../../service/base/errors.ts';
import { adviceFor } from '../../service/cli/dead-letters/advice.ts';
import type { Row } from './table.ts';

/** Code, disposition and advice of every error; no advice where the error never becomes a dead letter. */
export function errorRows(): Row[] {
  const none = adviceFor('');
  return ERROR_CODES.map((code) => {
    const advice = adviceFor(code);
    return {
      key: `\`${code}\``,
      cells: [dispositionOf(code), advice === none ? 'never' : advice.replaceAll('|', '\\|')],
    };
  });
}
