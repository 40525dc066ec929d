import { type InstallResult } from '@berth/core';
import { type TextStyle } from '../command.ts';
import { failureExitCode } from '../exit-codes.ts';
import { describeFailure, describeSpec } from './describe.ts';

/** One line a package, `[+] PREFIX`, as scripts look for it (cli §8.1). Failures are told on stderr. */
export function formatInstallResult({ packages }: InstallResult, { paint }: TextStyle): string {
  return packages
    .filter(({ outcome }) => outcome !== 'failed')
    .map(({ spec, prefix }) => {
      const note = spec.external === undefined ? '' : ` (external ${spec.name}-${spec.version.text}-${spec.hash})`;
      return `${paint('green', '[+]')} ${prefix}${note}\n`;
    })
    .join('');
}

export function installDocument(result: InstallResult): unknown {
  const { packages } = result;
  return {
    ok: installExitCode(result) === 0,
    packages: packages.map(({ spec, prefix, outcome, mirror, error }) => ({
      ...describeSpec(spec),
      prefix,
      outcome,
      ...(mirror === undefined ? {} : { mirror }),
      ...describeFailure(error),
    })),
  };
}

export function installExitCode({ packages }: InstallResult): 0 | 1 | 3 {
  return failureExitCode(packages.map(({ error }) => error));
}
