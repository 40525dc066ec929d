// Bundles each workspace's entry points for start-up speed; `@berth/*` stays external so that plugins share one core.
import { build } from 'esbuild';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const banner = "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);";

function workspaces() {
  const { workspaces: patterns } = JSON.parse(readFileSync('package.json', 'utf8'));
  return patterns
    .flatMap((pattern) => (pattern.endsWith('/*') ? children(pattern.slice(0, -2)) : [pattern]))
    .filter((folder) => existsSync(join(folder, 'src')));
}

function children(folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** zod's index of languages holds every one of them; messages of ours are in English. */
const englishOnly = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

function entryPoints(folder) {
  const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const declared = Object.values(exports).flatMap((target) => target['@berth/source'] ?? []);
  const main = join(folder, 'src/main.ts');
  const workers = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.worker.ts'),
  );
  return [
    ...declared.map((path) => join(folder, path)),
    ...(existsSync(main) ? [main] : []),
    ...workers.map((path) => join(folder, 'src', path)),
  ];
}

await Promise.all(
  workspaces().map((folder) => {
    const { bundle = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    rmSync(join(folder, 'dist/bundle'), { recursive: true, force: true });
    return build({
      entryPoints: entryPoints(folder),
      outdir: join(folder, 'dist/bundle'),
      outbase: join(folder, 'src'),
      bundle: true,
      splitting: true,
      metafile: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: true,
      legalComments: 'external',
      external: ['@berth/*', 'typescript', 'koffi', '@jest/globals', ...(bundle.external ?? [])],
      // `import { type X }` must not load the module for nothing.
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: false, target: 'es2022' } },
      plugins: [englishOnly],
      banner: { js: banner },
      logLevel: 'warning',
    });
  }),
);
