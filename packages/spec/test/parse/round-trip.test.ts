import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareSpecs,
  constrain,
  formatSpec,
  intersects,
  parseSpec,
  satisfies,
  specsEqual,
  type Spec,
} from '../../src/index.ts';

const value = fc.constantFrom('x', 'y', 'x,y', '17', '*', "'a b'", '"it\'s"', 'a/b', 'true');
const attribute = fc.oneof(
  fc.constantFrom(' +p', ' ~p', ' ++s', ' ~~q', ' +r'),
  fc.tuple(fc.constantFrom('v', 'w'), fc.constantFrom('=', ':=', '=='), value).map((parts) => ` ${parts.join('')}`),
  fc.constantFrom(
    ' cflags=-O2',
    " ldflags=='-L /x -lm'",
    ' os=debian12',
    ' platform=linux',
    ' target=x86_64_v3:',
    ' target=zen2',
  ),
);
const version = fc.constantFrom('', '@1.2', '@=1.2', '@1.2:', '@:2,4:', '@git.main=2', '@develop');
/** Everything of a node but its name; attributes that exclude each other are dropped by `readable`. */
const constraints = fc
  .tuple(version, fc.uniqueArray(attribute, { maxLength: 3 }))
  .map(([versions, attributes]) => versions + attributes.join(''));
const condition = fc.constantFrom(
  '',
  '[when=+x] ',
  "[when='%c'] ",
  '[deptypes=build,link] ',
  '[deptypes=run virtuals=mpi] ',
);
const virtuals = fc.constantFrom('', 'c=', 'c,cxx=');
const transitive = fc.tuple(
  fc.constant(' ^'),
  condition,
  virtuals,
  fc.constantFrom('b', 'py-numpy', '3proxy'),
  constraints,
);
const direct = fc.tuple(
  fc.constantFrom(' %', ' %%'),
  condition,
  virtuals,
  fc.constantFrom('gcc', 'llvm', 'lib_x'),
  constraints,
);
const dependency = fc.oneof(transitive, direct).map((parts) => parts.join(''));
const text = fc
  .tuple(constraints, fc.array(dependency, { maxLength: 3 }))
  .map(([root, dependencies]) => `root${root}${dependencies.join('')}`)
  .filter((found) => readable(found) !== undefined);

/** Random constraints may contradict each other. */
function readable(text: string): Spec | undefined {
  try {
    return parseSpec(text);
  } catch {
    return undefined;
  }
}

test('the canonical text of a spec reads back as the same spec', () => {
  fc.assert(
    fc.property(text, (input) => {
      const a = parseSpec(input);
      const canonical = formatSpec(a);
      expect([specsEqual(parseSpec(canonical), a), formatSpec(parseSpec(canonical))]).toEqual([true, canonical]);
    }),
    { numRuns: 500 },
  );
});

test('the order of specs is total and agrees with equality', () => {
  fc.assert(
    fc.property(text, text, text, (x, y, z) => {
      const [a, b, c] = [parseSpec(x), parseSpec(y), parseSpec(z)];
      expect(compareSpecs(a, a)).toBe(0);
      expect(compareSpecs(a, b) + compareSpecs(b, a)).toBe(0);
      const [low, middle, high] = [a, b, c].sort(compareSpecs) as [Spec, Spec, Spec];
      expect(compareSpecs(low, middle)).toBeLessThanOrEqual(0);
      expect(compareSpecs(low, high)).toBeLessThanOrEqual(0);
    }),
  );
});

test('a spec satisfies and intersects itself, and constraining it with itself changes nothing', () => {
  fc.assert(
    fc.property(text, (input) => {
      const a = parseSpec(input);
      fc.pre(isPlain(input, a));
      expect(satisfies(a, a) && intersects(a, a)).toBe(true);
      expect(constrain(a, a)).toMatchObject({ changed: false });
    }),
  );
});

/** Propagation reaches dependencies that may say otherwise, and a name twice is looked up once. */
function isPlain(input: string, { dependencies }: Spec): boolean {
  const names = new Set(dependencies.map(({ spec }) => spec.name));
  return !/==|\+\+|~~/.test(input) && names.size === dependencies.length;
}

test('what constrain makes of two specs intersects both and leaves them as they were', () => {
  fc.assert(
    fc.property(text, text, (x, y) => {
      const [a, b] = [parseSpec(x), parseSpec(y)];
      const before = [formatSpec(a), formatSpec(b)];
      const both = combined(a, b);
      expect([formatSpec(a), formatSpec(b)]).toEqual(before);
      if (both !== undefined) expect(intersects(both, a) && intersects(both, b)).toBe(true);
    }),
  );
});

function combined(a: Spec, b: Spec): Spec | undefined {
  try {
    return constrain(a, b).spec;
  } catch {
    return undefined;
  }
}
