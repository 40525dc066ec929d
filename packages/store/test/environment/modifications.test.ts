import { describe, expect, test } from '@jest/globals';
import { type Environment, foldModifications, isSystemPath } from '../../src/environment/fold.ts';
import { type EnvironmentModification, reverseModifications } from '../../src/environment/modifications.ts';
import { formatShellCode } from '../../src/environment/shell.ts';
import { readFixture } from '../helpers.ts';

interface Vector {
  readonly env: Record<string, string>;
  readonly modifications: readonly (readonly [
    action: string,
    name: string,
    value?: string | string[],
    separator?: string,
  ])[];
  readonly sh: string;
  readonly csh: string;
  readonly fish: string;
  readonly env_after: Record<string, string>;
  readonly reversed: readonly (readonly [kind: string, name: string, value: string | null])[];
  readonly sh_reversed_from_after: string;
}

const vectors = JSON.parse(await readFixture('env-modifications.json')) as readonly Vector[];

/** The names of the vectors for the actions that a reversal can have. */
const KINDS: Readonly<Record<string, string>> = {
  remove_first_path: 'RemoveFirstPath',
  remove_last_path: 'RemoveLastPath',
  remove_flags: 'RemoveFlagsEnv',
  unset: 'UnsetEnv',
};

function modificationOf([action, name, value, separator]: Vector['modifications'][number]): EnvironmentModification {
  const more = separator === undefined ? {} : { separator };
  const fields = Array.isArray(value) ? { values: value } : value === undefined ? {} : { value };
  return { action, name, ...fields, ...more } as EnvironmentModification;
}

function applied(environment: Environment, modifications: readonly EnvironmentModification[]): Record<string, string> {
  const after = new Map(Object.entries(environment));
  for (const [name, value] of foldModifications(modifications, environment)) after.set(name, value);
  return Object.fromEntries(Array.from(after).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

test('there are as many vectors of modifications as expected', () => {
  expect(vectors).toHaveLength(14);
});

describe.each(vectors.map((vector, row) => ({ row, vector })))('vector $row', ({ vector }) => {
  const modifications = vector.modifications.map(modificationOf);

  test('gives the environment and the code for three shells', () => {
    expect(applied(vector.env, modifications)).toEqual(vector.env_after);
    const changes = foldModifications(modifications, vector.env);
    expect(formatShellCode(changes, 'sh')).toBe(vector.sh);
    expect(formatShellCode(changes, 'csh')).toBe(vector.csh);
    expect(formatShellCode(changes, 'fish')).toBe(vector.fish);
  });

  test('is reversed', () => {
    const reversed = reverseModifications(modifications);
    const rows = reversed.map((item) => [KINDS[item.action], item.name, 'value' in item ? item.value : null]);
    expect(rows).toEqual(vector.reversed);
    const changes = foldModifications(reversed, vector.env_after);
    expect(formatShellCode(changes, 'sh')).toBe(vector.sh_reversed_from_after);
  });
});

test('code for Windows shells', () => {
  const changes = new Map([
    ['A', "it's"],
    ['B', undefined],
  ]);
  expect(formatShellCode(changes, 'bat')).toBe('set "A=it\'s"\nset "B="\n');
  expect(formatShellCode(changes, 'pwsh')).toBe("$Env:A='it''s'\nRemove-Item Env:B\n");
});

test('C08: a name that would be code is refused, a value never is code', () => {
  expect(() => formatShellCode(new Map([['A;rm -rf /', 'x']]), 'sh')).toThrow('is not the name of a variable');
  expect(formatShellCode(new Map([['A', '$(id)\n`id`']]), 'sh')).toBe("export A='$(id)\n`id`';\n");
});

test('removing from a variable that is not set does not set it', () => {
  const modifications = [{ action: 'remove_path', name: 'P', value: '/a' }] as const;
  expect(foldModifications(modifications, {}).size).toBe(0);
});

test('names of object members are ordinary variables', () => {
  const modifications = [{ action: 'prepend_path', name: 'constructor', value: '/a' }] as const;
  expect(foldModifications(modifications, {}).get('constructor')).toBe('/a');
});

test('system paths are recognised however they are written', () => {
  expect(['/usr/bin/', '/usr//lib64', '/', '/opt/bin', '/usr/share'].map(isSystemPath)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
