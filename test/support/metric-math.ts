/**
 * CloudWatch's metric math at one point in time, as far as our expressions go (CloudWatch user guide, "Metric math syntax and
 * functions"): numbers, names, + - * /, comparisons, AND, IF, FILL. A name without data is no data, and so is what is made of it.
 */
export function evaluateMath(
  expression: string,
  data: Readonly<Record<string, number | undefined>>,
): number | undefined {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|>=|<=|==|[-+*/<>(),]/g) ?? [];
  if (tokens.join('') !== expression.replaceAll(/\s/g, '')) throw new Error(`not understood: ${expression}`);
  let at = 0;
  const take = (token: string) => {
    if (tokens[at] !== token) throw new Error(`${token} is missing before ${tokens.slice(at).join(' ')}`);
    at += 1;
  };

  const operand = (): number | undefined => {
    const token = tokens[at++] ?? '';
    if (token === '(') {
      const value = level(0);
      take(')');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (tokens[at] !== '(') {
      if (!(token in data)) throw new Error(`there is no ${token}`);
      return data[token];
    }
    take('(');
    const values = [level(0)];
    while (tokens[at] === ',') {
      at += 1;
      values.push(level(0));
    }
    take(')');
    return call(token, values);
  };

  /** Operators by how tightly they bind, the loosest first. */
  const level = (binding: number): number | undefined => {
    const operators = LEVELS[binding];
    if (!operators) return operand();
    let left = level(binding + 1);
    for (let apply = operators[tokens[at] ?? '']; apply; apply = operators[tokens[at] ?? '']) {
      at += 1;
      const right = level(binding + 1);
      left = left === undefined || right === undefined ? undefined : apply(left, right);
    }
    return left;
  };

  const value = level(0);
  if (at < tokens.length) throw new Error(`not understood: ${tokens.slice(at).join(' ')}`);
  return value;
}

const LEVELS: readonly Readonly<Record<string, (a: number, b: number) => number | undefined>>[] = [
  { AND: (a, b) => Number(a !== 0 && b !== 0) },
  {
    '>': (a, b) => Number(a > b),
    '>=': (a, b) => Number(a >= b),
    '<': (a, b) => Number(a < b),
    '<=': (a, b) => Number(a <= b),
    '==': (a, b) => Number(a === b),
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  // A division by zero is no data.
  { '*': (a, b) => a * b, '/': (a, b) => (b === 0 ? undefined : a / b) },
];

function call(name: string, [first, second, third]: readonly (number | undefined)[]): number | undefined {
  if (name === 'FILL') return first ?? second;
  if (name !== 'IF') throw new Error(`${name} is not evaluated here`);
  if (first === undefined) return undefined;
  return first !== 0 ? second : third;
}
