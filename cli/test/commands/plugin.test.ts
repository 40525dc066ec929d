import { expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILTIN_PLUGINS } from '../../src/builtins.ts';
import { bench } from './bench.ts';

test('plugin list shows the built-in plugins, then those of the configuration', async () => {
  const { berth, home, cwd } = await bench();
  await mkdir(join(home, '.config/berth'), { recursive: true });
  await writeFile(join(home, '.config/berth/berth.config.yaml'), 'plugins: [./mine.mjs]\n');
  const { text, document } = await berth('plugin', 'list');
  expect(text.split('\n')[0]).toMatch(/^@berth\/mirror-fs +mirror:file +\(built in\)$/);
  expect(text).toContain(join(home, '.config/berth/mine.mjs'));
  expect(document).toMatchObject({
    files: [{ scope: 'user' }],
    plugins: [{ provides: ['mirror:file'] }, { name: '@berth/mirror-oci' }, {}],
  });
  await writeFile(join(cwd, 'berth.config.yaml'), 'builtins: false\n');
  expect((await berth('plugin', 'list')).document).toMatchObject({
    plugins: [{ name: join(home, '.config/berth/mine.mjs') }],
  });
});

test('the project configuration is that of the environment', async () => {
  const { berth, root } = await bench();
  await mkdir(join(root, 'env'));
  await writeFile(join(root, 'env/spack.yaml'), 'spack: {specs: []}\n');
  const file = join(root, 'env/berth.config.yaml');
  await writeFile(file, 'builtins: false\n');
  expect((await berth('-D', join(root, 'env'), 'plugin', 'list')).document).toMatchObject({
    files: [{ scope: 'project', file }],
  });
  expect((await berth('plugin', 'list')).document).toMatchObject({ files: [] });
});

test('Y16: plugin trust lets a project configuration in code run, until it changes', async () => {
  const { berth, cwd } = await bench();
  const file = join(cwd, 'berth.config.mjs');
  await writeFile(file, 'export default { builtins: false };\n');
  await expect(berth('plugin', 'list')).rejects.toMatchObject({ kind: 'policy', code: 'ERR_PLUGIN_UNTRUSTED' });
  const { text, document } = await berth('plugin', 'trust', 'berth.config.mjs');
  expect(text).toMatch(/^trusted .*berth\.config\.mjs \(sha256:[0-9a-f]{64}\)\n$/);
  expect(document).toMatchObject({ trusted: [{ path: file }] });
  expect((await berth('plugin', 'list')).document).toMatchObject({ plugins: [] });
  await writeFile(file, 'export default {};\n');
  await expect(berth('plugin', 'list')).rejects.toThrow(/it has changed since it was trusted/);
});

test('the manifest of a built-in plugin is the one of its package', async () => {
  expect(BUILTIN_PLUGINS.length).toBeGreaterThan(0);
  const { createRequire } = await import('node:module');
  const require = createRequire(import.meta.url);
  for (const { name, manifest } of BUILTIN_PLUGINS) {
    expect((require(`${name}/package.json`) as { berthPlugin: unknown }).berthPlugin).toEqual(manifest);
  }
});
