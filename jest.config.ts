/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const shared: Config = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@berth/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};
const roots = '<rootDir>/{packages/*,core,plugin-kit,plugins/*,cli}/test';

const config: Config = {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [`${roots}/**/*.test.ts`, '<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.e2e\\.test\\.ts$', '\\.peer\\.test\\.ts$'],
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: [
        `${roots}/**/*.e2e.test.ts`,
        '<rootDir>/test/**/*.e2e.test.ts',
        '<rootDir>/examples/**/*.e2e.test.ts',
      ],
      globalSetup: '<rootDir>/test/build.setup.ts',
    },
  ],
  coverageProvider: 'v8',
  workerIdleMemoryLimit: '512MB',
};
export default config;
