import { BerthError } from '@berth/base';
import { type Architecture } from '../spec.ts';

/** The machine that `default_os`, `backend` and the like stand for. */
export interface HostArchitecture {
  readonly platform: string;
  readonly os: string;
  readonly target: string;
}

const PART_OF_KEY: Readonly<Record<string, keyof Architecture>> = {
  platform: 'platform',
  os: 'os',
  operating_system: 'os',
  target: 'target',
};
const DEFAULTS = ['fe', 'frontend', 'be', 'backend'];

/** True for `platform`, `os`, `target`, `arch` and their aliases. */
export function isArchitectureKey(key: string): boolean {
  return key === 'arch' || key === 'architecture' || Object.hasOwn(PART_OF_KEY, key);
}

/**
 * The architecture after one more attribute (spec-syntax §3). Each part may be set once; `arch=p-o-t` sets three.
 * @throws BerthError `usage` ERR_SPEC_SYNTAX
 */
export function addArchitecture(
  architecture: Architecture,
  attribute: { readonly key: string; readonly value: string },
  host: HostArchitecture | undefined,
): Architecture {
  const parts = splitAttribute(attribute);
  for (const part of ['platform', 'os', 'target'] as const) {
    if (parts[part] !== undefined && architecture[part] !== undefined) throw twice(part);
  }
  const given = { ...architecture, ...definedParts(parts) };
  return replaceDefaults(given, host);
}

function splitAttribute({ key, value }: { readonly key: string; readonly value: string }): Architecture {
  const part = PART_OF_KEY[key];
  if (part !== undefined) return { [part]: unset(value) };
  const pieces = value.split('-');
  if (pieces.length !== 3) return { target: unset(value) };
  const [platform, os, target] = pieces.map(unset);
  return { platform, os, target };
}

function unset(value: string): string | undefined {
  return value === 'None' || value === '' ? undefined : value;
}

function definedParts(parts: Architecture): Architecture {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

function replaceDefaults(given: Architecture, host: HostArchitecture | undefined): Architecture {
  const os = isDefault(given.os, 'default_os');
  const target = isDefault(given.target, 'default_target');
  if (!os && !target) return given;
  if (host === undefined) throw usage('a default of the host is not known here: name the os and target');
  if (given.platform !== undefined && given.platform !== host.platform) {
    throw usage(`a default of the host is on platform ${host.platform}, not on ${given.platform}`);
  }
  return { platform: host.platform, os: os ? host.os : given.os, target: target ? host.target : given.target };
}

function isDefault(value: string | undefined, reserved: string): boolean {
  return value !== undefined && (value === reserved || DEFAULTS.includes(value));
}

function twice(part: string): BerthError {
  return usage(`${part} is given twice`);
}

function usage(message: string): BerthError {
  return new BerthError('usage', 'ERR_SPEC_SYNTAX', message);
}
