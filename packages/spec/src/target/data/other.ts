// CPU facts of the archspec project, <https://github.com/archspec/archspec-json>: Apache-2.0 OR MIT.
// Copyright 2019-2020 Lawrence Livermore National Security, LLC and other Archspec Project Developers.
import { type CpuRow } from '../cpu-row.ts';

/** POWER, RISC-V and SPARC micro-architectures. */
// prettier-ignore
export const OTHER_ROWS: readonly CpuRow[] = [
  {
    name: 'power10', vendor: 'IBM', parents: ['power9'], generation: 10, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '11.1:', flags: '-mcpu={name} -mtune={name}' }],
      clang: [{ versions: '11.0:', flags: '-mcpu={name} -mtune={name}' }],
    },
  },
  {
    name: 'power10le', vendor: 'IBM', parents: ['power9le'], generation: 10, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '11.1:', flags: '-mcpu={name} -mtune={name}', name: 'power10' }],
      clang: [{ versions: '11.0:', flags: '-mcpu={name} -mtune={name}', name: 'power10', family: 'ppc64le' }],
    },
  },
  {
    name: 'power7', vendor: 'IBM', parents: ['ppc64'], generation: 7, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '4.4:', flags: '-mcpu={name} -mtune={name}' }],
      clang: [{ versions: '3.9:', flags: '-mcpu={name} -mtune={name}' }],
    },
  },
  {
    name: 'power8', vendor: 'IBM', parents: ['power7'], generation: 8, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '4.9:', flags: '-mcpu={name} -mtune={name}' }, { versions: '4.8:4.8.5', flags: '-mcpu={name} -mtune={name}' }],
      clang: [{ versions: '3.9:', flags: '-mcpu={name} -mtune={name}' }],
    },
  },
  {
    name: 'power8le', vendor: 'IBM', parents: ['ppc64le'], generation: 8, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '4.9:', flags: '-mcpu={name} -mtune={name}', name: 'power8' }, { versions: '4.8:4.8.5', flags: '-mcpu={name} -mtune={name}', name: 'power8' }],
      clang: [{ versions: '3.9:', flags: '-mcpu={name} -mtune={name}', name: 'power8', family: 'ppc64le' }],
      nvhpc: [{ versions: ':', flags: '-tp {name}', name: 'pwr8' }],
    },
  },
  {
    name: 'power9', vendor: 'IBM', parents: ['power8'], generation: 9, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '6.0:', flags: '-mcpu={name} -mtune={name}' }],
      clang: [{ versions: '3.9:', flags: '-mcpu={name} -mtune={name}' }],
    },
  },
  {
    name: 'power9le', vendor: 'IBM', parents: ['power8le'], generation: 9, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '6.0:', flags: '-mcpu={name} -mtune={name}', name: 'power9' }],
      clang: [{ versions: '3.9:', flags: '-mcpu={name} -mtune={name}', name: 'power9', family: 'ppc64le' }],
      nvhpc: [{ versions: ':', flags: '-tp {name}', name: 'pwr9' }],
    },
  },
  {
    name: 'ppc', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {},
  },
  {
    name: 'ppc64', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: ':', flags: '-mcpu={name} -mtune={name}', name: 'powerpc64' }],
      clang: [{ versions: ':', flags: '-mcpu={name} -mtune={name}' }],
    },
  },
  {
    name: 'ppc64le', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '4.8:', flags: '-mcpu={name} -mtune={name}', name: 'powerpc64le' }],
      clang: [{ versions: ':', flags: '-mcpu={name} -mtune={name}' }],
      nvhpc: [],
    },
  },
  {
    name: 'ppcle', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {},
  },
  {
    name: 'riscv64', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '7.1:', flags: '-march=rv64gc' }],
      clang: [{ versions: '9.0:', flags: '-march=rv64gc' }],
    },
  },
  {
    name: 'sparc', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {},
  },
  {
    name: 'sparc64', vendor: 'generic', parents: [], generation: 0, cpuPart: '',
    features: '',
    compilers: {},
  },
  {
    name: 'u74mc', vendor: 'SiFive', parents: ['riscv64'], generation: 0, cpuPart: '',
    features: '',
    compilers: {
      gcc: [{ versions: '10.2:', flags: '-march=rv64gc -mtune=sifive-7-series' }],
      clang: [{ versions: '12.0:', flags: '-march=rv64gc -mtune=sifive-7-series' }],
    },
  },
];
