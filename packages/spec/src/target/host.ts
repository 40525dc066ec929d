import { knownTargets, targetAncestors, targetAtMost, targetByName, targetFamily, type Target } from './target.ts';

/** What a processor says about itself. */
export interface HostCpu {
  /** Root of the targets it belongs to: `x86_64`, `aarch64`, … */
  readonly family: string;
  readonly vendor: string;
  readonly features: ReadonlySet<string>;
  /** Of POWER processors, else 0. */
  readonly generation: number;
  /** Of Arm processors, else empty. */
  readonly cpuPart: string;
  /** Of RISC-V processors, else empty. */
  readonly name: string;
}

/** Codes that Arm processors report as their implementer. */
const ARM_VENDORS: Readonly<Record<string, string>> = {
  '0x41': 'ARM',
  '0x42': 'Broadcom',
  '0x43': 'Cavium',
  '0x44': 'DEC',
  '0x46': 'Fujitsu',
  '0x48': 'HiSilicon',
  '0x49': 'Infineon Technologies AG',
  '0x4d': 'Motorola',
  '0x4e': 'Nvidia',
  '0x50': 'APM',
  '0x51': 'Qualcomm',
  '0x53': 'Samsung',
  '0x56': 'Marvell',
  '0x61': 'Apple',
  '0x66': 'Faraday',
  '0x68': 'HXT',
  '0x69': 'Intel',
};

/** The target of the machine that a text of `/proc/cpuinfo` and a name like that of `uname -m` describe (spec-syntax §7). */
export function detectHostTarget(cpuinfo: string, machine: string): Target {
  return bestTarget(readCpuInfo(cpuinfo, machine));
}

/** Reads the first processor of a `/proc/cpuinfo` of Linux. */
export function readCpuInfo(cpuinfo: string, machine: string): HostCpu {
  const family = machine === 'arm64' ? 'aarch64' : machine;
  const fields = readFirstBlock(cpuinfo);
  const words = (fields.get('flags') ?? fields.get('Features') ?? '').split(/\s+/).filter((word) => word !== '');
  return {
    family,
    vendor: readVendor(fields),
    features: new Set(words.includes('ssse3') ? [...words, 'sse3'] : words),
    generation: Number(/POWER(\d+)/.exec(fields.get('cpu') ?? '')?.[1] ?? 0),
    cpuPart: fields.get('CPU part') ?? '',
    name: (fields.get('uarch') ?? '').replace(/^.*,/, '').replace(/\W/g, ''),
  };
}

/** All targets whose code runs on the processor, least capable first. */
export function compatibleTargets(cpu: HostCpu): readonly Target[] {
  const targets = knownTargets().filter((target) => targetFamily(target.name) === cpu.family && runsOn(target, cpu));
  return targets.toSorted((a, b) => compareCapability(a, b));
}

/** The most capable compatible target; the generic one of the family where the table knows nothing better. */
export function bestTarget(cpu: HostCpu): Target {
  const compatible = compatibleTargets(cpu);
  const generic = compatible.findLast(({ vendor }) => vendor === 'generic') ?? targetByName(cpu.family);
  const samePart = compatible.filter(({ cpuPart }) => cpuPart !== '' && cpuPart === cpu.cpuPart);
  const candidates = samePart.length > 0 ? samePart : compatible;
  return candidates.findLast(({ name }) => name !== generic.name && targetAtMost(generic.name, name)) ?? generic;
}

function runsOn(target: Target, cpu: HostCpu): boolean {
  const generic = target.vendor === 'generic';
  if (cpu.family === 'ppc64' || cpu.family === 'ppc64le') return target.generation <= cpu.generation;
  if (cpu.family === 'riscv64') return generic || target.name === cpu.name;
  if (cpu.family === 'aarch64' && generic) return target.name === 'aarch64';
  return (generic || target.vendor === cpu.vendor) && target.features.every((feature) => cpu.features.has(feature));
}

function compareCapability(a: Target, b: Target): number {
  const depth = targetAncestors(a.name).length - targetAncestors(b.name).length;
  return depth === 0 ? a.features.length - b.features.length : depth;
}

function readVendor(fields: ReadonlyMap<string, string>): string {
  const implementer = fields.get('CPU implementer') ?? 'generic';
  return fields.get('vendor_id') ?? ARM_VENDORS[implementer] ?? implementer;
}

function readFirstBlock(cpuinfo: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of cpuinfo.trimStart().split('\n')) {
    if (line.trim() === '') break;
    const colon = line.indexOf(':');
    if (colon >= 0) fields.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return fields;
}
