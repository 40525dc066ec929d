import { expect, test } from '@jest/globals';
import { evaluateWhen } from '../src/index.ts';
import { failure, HOST } from './support.ts';

const CONTEXT = { host: HOST, env: { CI: 'yes', EMPTY: '' } };

const CASES: readonly (readonly [string, boolean])[] = [
  ['platform == "linux"', true],
  ["os != 'debian12'", false],
  ['platform == "linux" and os == "debian12"', true],
  ['False or not False', true],
  ['not not ""', false],
  ['"zen" in target', true],
  ['target in ["zen3", "zen4"]', true],
  ['target not in ("zen3")', false],
  ['"SPACK_DISABLE_LOCAL_CONFIG" not in env', true],
  ['"CI" in env', true],
  ['env["CI"] == "yes"', true],
  ['env.get("NO") == None', true],
  ['env.get("NO", "d") == "d"', true],
  ['"NO" in env and env["NO"] == "x"', false],
  ['re.match("zen[0-9]", target)', true],
  ['re.match("en", target)', false],
  ['re.search(r"en\\d$", target)', true],
  ['hostname.startswith("b") and hostname.endswith("x")', true],
  ['arch == "linux-debian12-zen3"', true],
  ['"target=zen3" in arch_str', true],
  ['True', true],
  ['"and" == "and"', true],
];

test.each(CASES)('%s is %s', (expression, want) => {
  expect(evaluateWhen(expression, CONTEXT)).toBe(want);
});

test.each([
  'env["NO"]',
  '__import__("os")',
  'platform ==',
  '(platform',
  '1 + 1',
  'platform.upper()',
  '('.repeat(200),
  'x',
  'True True',
  're.match("[", os)',
])('%j is refused, never run', async (expression) => {
  expect(await failure(() => evaluateWhen(expression, CONTEXT))).toMatchObject({ kind: 'config', code: 'ERR_WHEN' });
});
