import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256Of } from '@berth/base';
import { MAX_LAYERS, type PackageLayer, planLayers } from '../../src/image/plan-layers.ts';

function layer(at: number, sizeBytes: number): PackageLayer {
  const digest = sha256Of(`${at}`);
  return { hash: `h${at}`, label: `p${at}`, digest, diffId: digest, sizeBytes };
}

test('as many layers as fit are kept as they are', () => {
  const packages = Array.from({ length: 120 }, (_, at) => layer(at, 100));
  expect(planLayers(packages, 7)).toEqual({ merged: [], single: packages });
});

test('R29 beyond that the smallest dependencies share one', () => {
  const packages = Array.from({ length: 130 }, (_, at) => layer(at, at === 129 ? 1 : 1000 - at));
  const { merged, single } = planLayers(packages, 0);
  expect(merged.map(({ hash }) => hash)).toEqual(['h125', 'h126', 'h127', 'h128']);
  expect(single.at(-1)).toBe(packages[129]);
  expect(single).toHaveLength(MAX_LAYERS - 1);
});

test('R29 whatever comes, the plan fits, loses nothing, and keeps the last package alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 300 }),
      fc.nat(120),
      (sizes, base) => {
        const packages = sizes.map((size, at) => layer(at, size));
        const { merged, single } = planLayers(packages, base);
        expect(base + single.length + (merged.length === 0 ? 0 : 1)).toBeLessThanOrEqual(MAX_LAYERS);
        expect(new Set([...merged, ...single])).toEqual(new Set(packages));
        expect(single.at(-1)).toBe(packages.at(-1));
        expect(merged).toHaveLength(merged.length === 0 ? 0 : base + packages.length - MAX_LAYERS + 1);
      },
    ),
  );
});

test('R29 a base image that leaves no room is an error', () => {
  const packages = [layer(0, 1), layer(1, 1)];
  expect(planLayers(packages.slice(1), 126).single).toHaveLength(1);
  expect(() => planLayers(packages, 126)).toThrow(expect.objectContaining({ code: 'ERR_OCI_LAYERS', kind: 'limit' }));
  expect(() => planLayers(packages.slice(1), 127)).toThrow(expect.objectContaining({ code: 'ERR_OCI_LAYERS' }));
});
