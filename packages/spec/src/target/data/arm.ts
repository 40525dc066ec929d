// CPU facts of the archspec project, <https://github.com/archspec/archspec-json>: Apache-2.0 OR MIT.
// Copyright 2019-2020 Lawrence Livermore National Security, LLC and other Archspec Project Developers.
import { type CpuRow } from '../cpu-row.ts';

/** Arm micro-architectures. */
// prettier-ignore
export const ARM_ROWS: readonly CpuRow[] = [
  {
    name: 'a64fx', vendor: 'Fujitsu', parents: ['armv8.2a'], generation: 0, cpuPart: '0x001',
    features: 'asimd asimdhp asimdrdm atomics cpuid crc32 dcpop evtstrm fcma fp fphp sha1 sha2 sve',
    compilers: {
      gcc: [{ versions: '4.8:4.8.9', flags: '-march=armv8-a' }, { versions: '4.9:5.9', flags: '-march=armv8-a+crc+crypto' }, { versions: '6:6.9', flags: '-march=armv8.1-a+crc+crypto' }, { versions: '7:7.9', flags: '-march=armv8.2-a+crc+crypto+fp16' }, { versions: '8:10.2', flags: '-march=armv8.2-a+crc+sha2+fp16+sve -msve-vector-bits=512' }, { versions: '10.3:', flags: '-mcpu=a64fx -msve-vector-bits=512' }],
      clang: [{ versions: '3.9:4.9', flags: '-march=armv8.2-a+crc+sha2+fp16' }, { versions: '5:10', flags: '-march=armv8.2-a+crc+sha2+fp16+sve' }, { versions: '11:', flags: '-mcpu=a64fx' }],
      arm: [{ versions: '20:', flags: '-march=armv8.2-a+crc+crypto+fp16+sve' }],
    },
  },
  {
    name: 'aarch64', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '4.8.0:', flags: '-march=armv8-a -mtune=generic' }],
      clang: [{ versions: ':', flags: '-march=armv8-a -mtune=generic' }],
      'apple-clang': [{ versions: ':', flags: '-march=armv8-a -mtune=generic' }],
      arm: [{ versions: ':', flags: '-march=armv8-a -mtune=generic' }],
      nvhpc: [],
    },
  },
  {
    name: 'arm', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      clang: [{ versions: ':', flags: '-march={family} -mcpu=generic', family: 'arm' }],
    },
  },
  {
    name: 'armv8.1a', vendor: 'generic', parents: ['aarch64'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '5:', flags: '-march=armv8.1-a -mtune=generic' }],
      clang: [{ versions: ':', flags: '-march=armv8.1-a -mtune=generic' }],
      'apple-clang': [{ versions: ':', flags: '-march=armv8.1-a -mtune=generic' }],
      arm: [{ versions: ':', flags: '-march=armv8.1-a -mtune=generic' }],
    },
  },
  {
    name: 'armv8.2a', vendor: 'generic', parents: ['armv8.1a'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '6:', flags: '-march=armv8.2-a -mtune=generic' }],
      clang: [{ versions: ':', flags: '-march=armv8.2-a -mtune=generic' }],
      'apple-clang': [{ versions: ':', flags: '-march=armv8.2-a -mtune=generic' }],
      arm: [{ versions: ':', flags: '-march=armv8.2-a -mtune=generic' }],
    },
  },
  {
    name: 'armv8.3a', vendor: 'generic', parents: ['armv8.2a'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '6:', flags: '-march=armv8.3-a -mtune=generic' }],
      clang: [{ versions: '6:', flags: '-march=armv8.3-a -mtune=generic' }],
      'apple-clang': [{ versions: ':', flags: '-march=armv8.3-a -mtune=generic' }],
      arm: [{ versions: ':', flags: '-march=armv8.3-a -mtune=generic' }],
    },
  },
  {
    name: 'armv8.4a', vendor: 'generic', parents: ['armv8.3a'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '8:', flags: '-march=armv8.4-a -mtune=generic' }],
      clang: [{ versions: '8:', flags: '-march=armv8.4-a -mtune=generic' }],
      'apple-clang': [{ versions: ':', flags: '-march=armv8.4-a -mtune=generic' }],
      arm: [{ versions: ':', flags: '-march=armv8.4-a -mtune=generic' }],
    },
  },
  {
    name: 'armv8.5a', vendor: 'generic', parents: ['armv8.4a'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '9:', flags: '-march=armv8.5-a -mtune=generic' }],
      clang: [{ versions: '11:', flags: '-march=armv8.5-a -mtune=generic' }],
      'apple-clang': [{ versions: ':', flags: '-march=armv8.5-a -mtune=generic' }],
      arm: [{ versions: ':', flags: '-march=armv8.5-a -mtune=generic' }],
    },
  },
  {
    name: 'armv8.6a', vendor: 'generic', parents: ['armv8.5a'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '10.1:', flags: '-march=armv8.6-a -mtune=generic' }],
      clang: [{ versions: '11:', flags: '-march=armv8.6-a -mtune=generic' }],
    },
  },
  {
    name: 'armv9.0a', vendor: 'generic', parents: ['armv8.5a'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '12:', flags: '-march=armv9-a -mtune=generic' }],
      clang: [{ versions: '14:', flags: '-march=armv9-a -mtune=generic' }],
      'apple-clang': [{ versions: ':', flags: '-march=armv9-a -mtune=generic' }],
      arm: [{ versions: ':', flags: '-march=armv9-a -mtune=generic' }],
    },
  },
  {
    name: 'cortex_a72', vendor: 'ARM', parents: ['aarch64'], generation: 0, cpuPart: '0xd08',
    features: 'aes asimd cpuid crc32 evtstrm fp pmull sha1 sha2',
    compilers: {
      gcc: [{ versions: '4.8:4.8.9', flags: '-march=armv8-a' }, { versions: '4.9:5.9', flags: '-march=armv8-a+crc+crypto' }, { versions: '6:', flags: '-mcpu=cortex-a72' }],
      clang: [{ versions: '3.9:', flags: '-mcpu=cortex-a72' }],
    },
  },
  {
    name: 'm1', vendor: 'Apple', parents: ['armv8.4a'], generation: 0, cpuPart: '0x022',
    features: 'aes asimd asimddp asimdfhm asimdhp asimdrdm atomics cpuid crc32 dcpodp dcpop dit evtstrm fcma flagm flagm2 fp fphp frint ilrcpc jscvt lrcpc paca pacg pmull sb sha1 sha2 sha3 sha512 ssbs uscat',
    compilers: {
      gcc: [{ versions: '8.0:', flags: '-march=armv8.4-a -mtune=generic' }],
      clang: [{ versions: '9.0:12.0', flags: '-march=armv8.4-a' }, { versions: '13.0:', flags: '-mcpu=apple-m1' }],
      'apple-clang': [{ versions: '11.0:12.5', flags: '-march=armv8.4-a' }, { versions: '13.0:', flags: '-mcpu=apple-m1' }],
    },
  },
  {
    name: 'm2', vendor: 'Apple', parents: ['m1', 'armv8.5a'], generation: 0, cpuPart: '0x032',
    features: 'aes asimd asimddp asimdfhm asimdhp asimdrdm atomics bf16 bti cpuid crc32 dcpodp dcpop dit ecv evtstrm fcma flagm flagm2 fp fphp frint i8mm ilrcpc jscvt lrcpc paca pacg pmull sb sha1 sha2 sha3 sha512 ssbs uscat',
    compilers: {
      gcc: [{ versions: '8.0:', flags: '-march=armv8.5-a -mtune=generic' }],
      clang: [{ versions: '9.0:12.0', flags: '-march=armv8.5-a' }, { versions: '13.0:', flags: '-mcpu=apple-m1' }, { versions: '16.0:', flags: '-mcpu=apple-m2' }],
      'apple-clang': [{ versions: '11.0:12.5', flags: '-march=armv8.5-a' }, { versions: '13.0:14.0.2', flags: '-mcpu=apple-m1' }, { versions: '14.0.2:', flags: '-mcpu=apple-m2' }],
    },
  },
  {
    name: 'm3', vendor: 'Apple', parents: ['m2', 'armv8.6a'], generation: 0, cpuPart: 'Unknown',
    features: 'aes asimd asimddp asimdfhm asimdhp asimdrdm atomics bf16 bti cpuid crc32 dcpodp dcpop dit ecv evtstrm fcma flagm flagm2 fp fphp frint i8mm ilrcpc jscvt lrcpc paca pacg pmull sb sha1 sha2 sha3 sha512 ssbs uscat',
    compilers: {
      gcc: [{ versions: '8.0:', flags: '-march=armv8.5-a -mtune=generic' }],
      clang: [{ versions: '9.0:12.0', flags: '-march=armv8.5-a' }, { versions: '13.0:', flags: '-mcpu=apple-m1' }, { versions: '16.0:', flags: '-mcpu=apple-m3' }],
      'apple-clang': [{ versions: '11.0:12.5', flags: '-march=armv8.5-a' }, { versions: '13.0:14.0.2', flags: '-mcpu=apple-m1' }, { versions: '14.0.2:15', flags: '-mcpu=apple-m2' }, { versions: '16:', flags: '-mcpu=apple-m3' }],
    },
  },
  {
    name: 'm4', vendor: 'Apple', parents: ['m3', 'armv8.6a'], generation: 0, cpuPart: 'Unknown',
    features: 'aes asimd asimddp asimdfhm asimdhp asimdrdm atomics bf16 bti cpuid crc32 dcpodp dcpop dit ecv evtstrm fcma flagm flagm2 fp fphp frint i8mm ilrcpc jscvt lrcpc paca pacg pmull sb sha1 sha2 sha3 sha512 sme sme2 ssbs uscat',
    compilers: {
      clang: [{ versions: '9.0:12.0', flags: '-march=armv8.5-a' }, { versions: '13.0:', flags: '-mcpu=apple-m1' }, { versions: '16.0:18', flags: '-mcpu=apple-m3' }, { versions: '19:', flags: '-mcpu=apple-m4' }],
      'apple-clang': [{ versions: '11.0:12.5', flags: '-march=armv8.5-a' }, { versions: '13.0:14.0.2', flags: '-mcpu=apple-m1' }, { versions: '14.0.2:15', flags: '-mcpu=apple-m2' }, { versions: '16:', flags: '-mcpu=apple-m3' }, { versions: '17:', flags: '-mcpu=apple-m4' }],
    },
  },
  {
    name: 'neoverse_n1', vendor: 'ARM', parents: ['cortex_a72', 'armv8.2a'], generation: 0, cpuPart: '0xd0c',
    features: 'aes asimd asimddp asimdhp asimdrdm atomics cpuid crc32 dcpop evtstrm fp fphp lrcpc pmull sha1 sha2',
    compilers: {
      gcc: [{ versions: '4.8:4.8.9', flags: '-march=armv8-a' }, { versions: '4.9:5.9', flags: '-march=armv8-a+crc+crypto' }, { versions: '6:6.9', flags: '-march=armv8.1-a' }, { versions: '7:7.9', flags: '-march=armv8.2-a+fp16 -mtune=cortex-a72' }, { versions: '8.0:8.0', flags: '-march=armv8.2-a+fp16+dotprod+crypto -mtune=cortex-a72' }, { versions: '8.1:8.9', flags: '-march=armv8.2-a+fp16+rcpc+dotprod+crypto -mtune=cortex-a72' }, { versions: '9.0:', flags: '-mcpu=neoverse-n1' }],
      clang: [{ versions: '3.9:4.9', flags: '-march=armv8.2-a+fp16+crc+crypto' }, { versions: '5:', flags: '-march=armv8.2-a+fp16+rcpc+dotprod+crypto' }, { versions: '10:', flags: '-mcpu=neoverse-n1' }],
      arm: [{ versions: '20:21.9', flags: '-march=armv8.2-a+fp16+rcpc+dotprod+crypto' }, { versions: '22:', flags: '-mcpu=neoverse-n1' }],
      nvhpc: [{ versions: '22.5:', flags: '-tp {name}', name: 'neoverse-n1' }],
    },
  },
  {
    name: 'neoverse_n2', vendor: 'ARM', parents: ['neoverse_n1', 'armv9.0a'], generation: 0, cpuPart: '0xd49',
    features: 'aes asimd asimddp asimdfhm asimdhp asimdrdm atomics bf16 cpuid crc32 dcpodp dcpop evtstrm fcma flagm flagm2 fp fphp frint i8mm ilrcpc jscvt lrcpc pmull sb sha1 sha2 sha3 sha512 sve sve2 svebf16 svei8mm uscat',
    compilers: {
      gcc: [{ versions: '4.8:5.99', flags: '-march=armv8-a' }, { versions: '6:6.99', flags: '-march=armv8.1-a' }, { versions: '7.0:7.99', flags: '-march=armv8.2-a -mtune=cortex-a72' }, { versions: '8.0:8.99', flags: '-march=armv8.4-a+sve -mtune=cortex-a72' }, { versions: '9.0:9.99', flags: '-march=armv8.5-a+sve -mtune=cortex-a76' }, { versions: '10.0:10.99', flags: '-march=armv8.5-a+sve+sve2+i8mm+bf16 -mtune=cortex-a77' }, { versions: '11.0:', flags: '-mcpu=neoverse-n2' }],
      clang: [{ versions: '9.0:10.99', flags: '-march=armv8.5-a+sve' }, { versions: '11.0:13.99', flags: '-march=armv8.5-a+sve+sve2+i8mm+bf16' }, { versions: '14.0:15.99', flags: '-march=armv9-a+i8mm+bf16' }, { versions: '16.0:', flags: '-mcpu=neoverse-n2' }],
      arm: [{ versions: '23.04.0:', flags: '-mcpu=neoverse-n2' }],
      nvhpc: [{ versions: '23.3:', flags: '-tp {name}', name: 'neoverse-n1' }],
    },
  },
  {
    name: 'neoverse_v1', vendor: 'ARM', parents: ['neoverse_n1', 'armv8.4a'], generation: 0, cpuPart: '0xd40',
    features: 'aes asimd asimddp asimdfhm asimdhp asimdrdm atomics bf16 cpuid crc32 dcpodp dcpop dgh dit evtstrm fcma flagm fp fphp i8mm ilrcpc jscvt lrcpc pmull rng sha1 sha2 sha3 sha512 sve svebf16 svei8mm uscat',
    compilers: {
      gcc: [{ versions: '4.8:4.8.9', flags: '-march=armv8-a' }, { versions: '4.9:5.9', flags: '-march=armv8-a+crc+crypto' }, { versions: '6:6.9', flags: '-march=armv8.1-a' }, { versions: '7:7.9', flags: '-march=armv8.2-a+crypto+fp16 -mtune=cortex-a72' }, { versions: '8.0:8.4', flags: '-march=armv8.2-a+fp16+dotprod+crypto -mtune=cortex-a72' }, { versions: '8.5:8.9', flags: '-mcpu=neoverse-v1' }, { versions: '9.0:9.3', flags: '-march=armv8.2-a+fp16+dotprod+crypto -mtune=cortex-a72' }, { versions: '9.4:9.9', flags: '-mcpu=neoverse-v1' }, { versions: '10.0:10.1', flags: '-march=armv8.2-a+fp16+dotprod+crypto -mtune=cortex-a72' }, { versions: '10.2:10.2.99', flags: '-mcpu=zeus' }, { versions: '10.3:', flags: '-mcpu=neoverse-v1' }],
      clang: [{ versions: '3.9:4.9', flags: '-march=armv8.2-a+fp16+crc+crypto' }, { versions: '5:10', flags: '-march=armv8.2-a+fp16+rcpc+dotprod+crypto' }, { versions: '11:', flags: '-march=armv8.4-a+sve+fp16+bf16+crypto+i8mm+rng' }, { versions: '12:', flags: '-mcpu=neoverse-v1' }],
      arm: [{ versions: '20:21.9', flags: '-march=armv8.2-a+sve+fp16+rcpc+dotprod+crypto' }, { versions: '22:', flags: '-mcpu=neoverse-v1' }],
      nvhpc: [{ versions: '22.5:', flags: '-tp {name}', name: 'neoverse-n1' }],
    },
  },
  {
    name: 'neoverse_v2', vendor: 'ARM', parents: ['neoverse_n1', 'armv9.0a'], generation: 0, cpuPart: '0xd4f',
    features: 'aes asimd asimddp asimdfhm asimdhp asimdrdm atomics bf16 cpuid crc32 dcpodp dcpop evtstrm fcma flagm flagm2 fp fphp frint i8mm ilrcpc jscvt lrcpc pmull sb sha1 sha2 sha3 sha512 sve sve2 svebf16 svei8mm uscat',
    compilers: {
      gcc: [{ versions: '4.8:5.99', flags: '-march=armv8-a' }, { versions: '6:6.99', flags: '-march=armv8.1-a' }, { versions: '7.0:7.99', flags: '-march=armv8.2-a -mtune=cortex-a72' }, { versions: '8.0:8.99', flags: '-march=armv8.4-a+sve -mtune=cortex-a72' }, { versions: '9.0:9.99', flags: '-march=armv8.5-a+sve -mtune=cortex-a76' }, { versions: '10.0:11.3.99', flags: '-march=armv8.5-a+sve+sve2+i8mm+bf16 -mtune=cortex-a77' }, { versions: '11.4:11.99', flags: '-mcpu=neoverse-v2' }, { versions: '12.0:12.2.99', flags: '-march=armv9-a+i8mm+bf16 -mtune=cortex-a710' }, { versions: '12.3:', flags: '-mcpu=neoverse-v2' }],
      clang: [{ versions: '9.0:10.99', flags: '-march=armv8.5-a+sve' }, { versions: '11.0:13.99', flags: '-march=armv8.5-a+sve+sve2+i8mm+bf16' }, { versions: '14.0:15.99', flags: '-march=armv9-a+i8mm+bf16' }, { versions: '16.0:', flags: '-mcpu=neoverse-v2' }],
      arm: [{ versions: '23.04.0:', flags: '-mcpu=neoverse-v2' }],
      nvhpc: [{ versions: '23.3:', flags: '-tp {name}', name: 'neoverse-v2' }],
    },
  },
  {
    name: 'thunderx2', vendor: 'Cavium', parents: ['armv8.1a'], generation: 0, cpuPart: '0x0af',
    features: 'aes asimd asimdrdm atomics cpuid crc32 evtstrm fp pmull sha1 sha2',
    compilers: {
      gcc: [{ versions: '4.8:4.8.9', flags: '-march=armv8-a' }, { versions: '4.9:5.9', flags: '-march=armv8-a+crc+crypto' }, { versions: '6:6.9', flags: '-march=armv8.1-a+crc+crypto' }, { versions: '7:', flags: '-mcpu=thunderx2t99' }],
      clang: [{ versions: '3.9:4.9', flags: '-march=armv8.1-a+crc+crypto' }, { versions: '5:', flags: '-mcpu=thunderx2t99' }],
    },
  },
];
