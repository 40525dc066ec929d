/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
import base from './jest.config.ts';

/** Tests against other programs: `npm run test:peers`. What is not installed is skipped, loudly. */
const [shared] = base.projects as Config[];
const config: Config = {
  ...shared,
  displayName: 'peers',
  testMatch: ['<rootDir>/**/test/**/*.peer.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  globalSetup: '<rootDir>/test/build.setup.ts',
};
export default config;
