import { expect, test } from '@jest/globals';
import {
  bestTarget,
  compatibleTargets,
  detectHostTarget,
  knownTargets,
  readCpuInfo,
  targetByName,
  targetFamily,
} from '../../src/index.ts';

function x86CpuInfo(vendor: string, features: readonly string[]): string {
  return `processor\t: 0\nvendor_id\t: ${vendor}\nflags\t\t: ${features.join(' ')}\n\nprocessor\t: 1\nvendor_id\t: other\n`;
}

const x86Targets = knownTargets().filter(
  ({ name, vendor }) => targetFamily(name) === 'x86_64' && vendor !== 'generic' && name !== 'cannonlake',
);

test.each(x86Targets.map(({ name }) => name))('a processor with exactly the features of %s is one', (name) => {
  const { vendor, features } = targetByName(name);
  const found = detectHostTarget(x86CpuInfo(vendor, features), 'x86_64');
  expect(found.features).toEqual(features);
  expect(found.vendor).toBe(vendor);
});

test('a target that does not descend from the best generic level gives way to it', () => {
  const { vendor, features } = targetByName('cannonlake');
  expect(detectHostTarget(x86CpuInfo(vendor, features), 'x86_64').name).toBe('x86_64_v4');
});

test('an x86 processor of an unknown vendor is one of the generic levels', () => {
  const { features } = targetByName('icelake');
  expect(detectHostTarget(x86CpuInfo('HygonGenuine', features), 'x86_64').name).toBe('x86_64_v4');
  expect(detectHostTarget(x86CpuInfo('HygonGenuine', []), 'x86_64').name).toBe('x86_64');
});

test('ssse3 stands for sse3, which Linux reports under another name', () => {
  expect(readCpuInfo(x86CpuInfo('GenuineIntel', ['ssse3']), 'x86_64').features.has('sse3')).toBe(true);
});

test('the vendor of a better level wins only if its features are all there', () => {
  const cpu = readCpuInfo(x86CpuInfo('AuthenticAMD', targetByName('x86_64_v4').features), 'x86_64');
  expect(bestTarget(cpu).name).toBe('x86_64_v4');
  expect(compatibleTargets(cpu).map(({ name }) => name)).toEqual(['x86_64', 'x86_64_v2', 'x86_64_v3', 'x86_64_v4']);
});

test('an Arm processor is told by its part among those whose features it has', () => {
  const { features } = targetByName('neoverse_n1');
  const cpuinfo = `processor : 0\nFeatures : ${features.join(' ')}\nCPU implementer : 0x41\nCPU part : 0xd0c\n`;
  expect(detectHostTarget(cpuinfo, 'aarch64').name).toBe('neoverse_n1');
  expect(detectHostTarget('CPU implementer : 0x99\nFeatures : fp\n', 'arm64').name).toBe('aarch64');
});

test('a POWER processor runs the targets up to its generation', () => {
  const cpuinfo = 'processor\t: 0\ncpu\t\t: POWER9 (raw), altivec supported\n';
  expect(detectHostTarget(cpuinfo, 'ppc64le').name).toBe('power9le');
  expect(compatibleTargets(readCpuInfo(cpuinfo, 'ppc64')).map(({ name }) => name)).toEqual([
    'ppc64',
    'power7',
    'power8',
    'power9',
  ]);
});

test('a RISC-V processor is told by its name', () => {
  expect(detectHostTarget('hart : 0\nuarch : sifive,u74-mc\n', 'riscv64').name).toBe('u74mc');
  expect(detectHostTarget('hart : 0\nuarch : acme,x1\n', 'riscv64').name).toBe('riscv64');
});

test('a machine outside the table is its own generic target', () => {
  expect(detectHostTarget('', 'loongarch64')).toMatchObject({ name: 'loongarch64', vendor: 'generic' });
});
