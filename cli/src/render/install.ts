import { type InstalledPackage, type InstallResult } from '@berth/core';
import { type TextStyle } from '../command.ts';

/** One line a package, `[+] PREFIX`, as scripts look for it (cli §8.1). Failures are told where they happen, on stderr. */
export function formatInstallResult({ packages }: InstallResult, { paint }: TextStyle): string {
  return packages
    .map(({ spec, prefix, outcome, error }) => {
      if (outcome === 'failed') return `${paint('red', '[x]')} ${spec.name}@${spec.version.text}/${spec.hash.slice(0, 7)}: ${error?.message ?? ''}\n`;
      const note = spec.external === undefined ? '' : ` (external ${spec.name}-${spec.version.text}-${spec.hash})`;
      return `${paint('green', '[+]')} ${prefix}${note}\n`;
    })
    .join('');
}

export function installDocument({ packages }: InstallResult): unknown {
  return { packages: packages.map(describePackage) };
}

function describePackage({ spec, prefix, outcome, mirror, error }: InstalledPackage): unknown {
  return {
    name: spec.name,
    version: spec.version.text,
    hash: spec.hash,
    prefix,
    outcome,
    ...(mirror === undefined ? {} : { mirror }),
    ...(error === undefined ? {} : { error: { kind: error.kind, code: error.code, message: error.message, hint: error.hint } }),
  };
}

export function installExitCode({ packages }: InstallResult): 0 | 1 {
  return packages.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}
