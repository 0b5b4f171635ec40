import description from '../package.json' with { type: 'json' };

/** Of the package. */
export function readVersion(): string {
  return description.version;
}
