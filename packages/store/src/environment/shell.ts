import { BerthError } from '@berth/base';
import { type EnvironmentChanges } from './fold.ts';

/** Shells that code is written for. */
export type Shell = 'sh' | 'csh' | 'fish' | 'bat' | 'pwsh';

interface Dialect {
  readonly set: (name: string, value: string) => string;
  readonly unset: (name: string) => string;
}

const DIALECTS: Readonly<Record<Shell, Dialect>> = {
  sh: { set: (name, value) => `export ${name}=${quote(value)};`, unset: (name) => `unset ${name};` },
  csh: { set: (name, value) => `setenv ${name} ${quote(value)};`, unset: (name) => `unsetenv ${name};` },
  fish: { set: (name, value) => `set -gx ${name} ${quote(value)};`, unset: (name) => `set -e ${name};` },
  bat: { set: (name, value) => `set "${name}=${value}"`, unset: (name) => `set "${name}="` },
  pwsh: {
    set: (name, value) => `$Env:${name}='${value.replaceAll("'", "''")}'`,
    unset: (name) => `Remove-Item Env:${name}`,
  },
};

/** A name that no shell reads as anything else. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Code that makes a shell take over the changes, one line each (store-and-specs-on-disk E.5). `MANPATH` always ends with a
 * colon, so that the system's pages stay visible. Throws ERR_VARIABLE_NAME (`format`) for a name that would be code.
 */
export function formatShellCode(changes: EnvironmentChanges, shell: Shell): string {
  const dialect = DIALECTS[shell];
  const lines = Array.from(changes, ([name, value]) => {
    if (!NAME.test(name)) throw badName(name);
    return value === undefined ? dialect.unset(name) : dialect.set(name, withSystemPages(name, value));
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** Quoted only where a shell would read anything but the text. */
function quote(value: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`;
}

function withSystemPages(name: string, value: string): string {
  return name === 'MANPATH' && !value.endsWith(':') ? `${value}:` : value;
}

function badName(name: string): BerthError {
  return new BerthError(
    'format',
    'ERR_VARIABLE_NAME',
    `write shell code: ${JSON.stringify(name)} is not the name of a variable`,
    {
      hint: 'Correct the recipe or the configuration that sets this variable.',
      details: { name },
    },
  );
}
