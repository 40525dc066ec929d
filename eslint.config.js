import js from '@eslint/js';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

const plugins = ['@berth/mirror-*', '@berth/signing*', '@berth/recipes-*', '@berth/concretizer-*'];
const restrict = (...groups) => ({
  'no-restricted-imports': ['error', { patterns: groups.map(([group, message]) => ({ group, message })) }],
});
const deepImports = [['@berth/*/*', '!@berth/plugin-kit/jest'], 'Import the public entry of a package only.'];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/coverage/**',
      '**/test/fixtures/**',
      '**/test/vectors/**',
      '.demo/**',
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['jest.config.ts', 'jest.peers.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
      'max-lines': ['warn', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['warn', { max: 60, skipBlankLines: true, skipComments: true }],
      complexity: ['warn', 12],
      'max-depth': ['warn', 3],
      ...restrict(deepImports),
    },
  },
  {
    files: ['packages/*/src/**', 'core/src/**'],
    rules: restrict(
      deepImports,
      [[...plugins, '@berth/cli', '@berth/plugin-kit'], 'core and packages never name a plugin, the CLI or the kit.'],
      [['commander', '@aws-sdk/*'], 'belongs to the CLI or to one plugin.'],
      [['undici'], 'HTTP goes through @berth/http.'],
    ),
  },
  {
    files: ['packages/*/src/**'],
    rules: restrict(
      deepImports,
      [[...plugins, '@berth/core', '@berth/cli', '@berth/plugin-kit'], 'packages import packages only.'],
      [['commander', '@aws-sdk/*', 'tapable', 'cosmiconfig', 'jiti'], 'belongs to core, the CLI or to one plugin.'],
      [['undici'], 'HTTP goes through @berth/http.'],
    ),
  },
  {
    files: ['packages/http/src/**'],
    rules: restrict(
      deepImports,
      [[...plugins, '@berth/core', '@berth/cli', '@berth/plugin-kit'], 'packages import packages only.'],
      [['commander', '@aws-sdk/*', 'tapable', 'cosmiconfig', 'jiti'], 'belongs to core, the CLI or to one plugin.'],
    ),
  },
  {
    files: ['plugins/*/src/**'],
    rules: restrict(
      deepImports,
      [[...plugins, '@berth/cli', '@berth/plugin-kit'], 'plugins never name each other.'],
      [['undici'], 'HTTP goes through @berth/http.'],
    ),
  },
  {
    files: ['**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        AbortController: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
    rules: { 'no-console': 'off', '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['**/test/**/*.ts', 'test/**/*.ts'],
    extends: [jest.configs['flat/recommended']],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      'jest/expect-expect': [
        'error',
        { assertFunctionNames: ['expect', 'expect*', 'fc.assert', 'assert*', '*Contract'] },
      ],
      'jest/no-conditional-expect': 'off',
      'jest/no-standalone-expect': 'off',
    },
  },
);
