import { BerthError, bytesSource } from '@berth/base';
import { expect, test } from '@jest/globals';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { discoverPlugins } from '../src/discovery.ts';
import { CALLABLE_HOOKS } from '../src/hooks.ts';
import { createPluginHost } from '../src/plugins.ts';
import { emptyPlan, SIGNAL, workbench } from './workbench.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/plugins/notify');

const guide = (): Promise<string> => readFile(join(ROOT, 'docs/plugin-authors.md'), 'utf8');

test('the plugin in the guide is the one in examples, and its configuration too', async () => {
  const text = await guide();
  expect(text).toContain(await readFile(join(EXAMPLE, 'notify.js'), 'utf8'));
  const config = await readFile(join(EXAMPLE, 'berth.config.yaml'), 'utf8');
  expect(text).toContain(config.slice(config.indexOf('plugins:')));
});

test('the example plugin works as it stands', async () => {
  const bench = await workbench();
  const log = join(bench.root, 'log');
  await cp(EXAMPLE, bench.options.userFolder, { recursive: true });
  // jest looks at package.json alone to tell a module; Node looks at the text too.
  await bench.write('user/package.json', '{"type": "module"}');
  const config = await readFile(join(EXAMPLE, 'berth.config.yaml'), 'utf8');
  await bench.write('user/berth.config.yaml', config.replace('/tmp/berth-notify.log', log));
  const { plugins } = await discoverPlugins(bench.options);
  const host = createPluginHost({ plugins, emit: () => undefined });
  await host.call('install.after', emptyPlan(), { signal: SIGNAL });
  await host.call('push.after', emptyPlan(), { signal: SIGNAL });
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  expect(lines.map((line) => line.split(' ').slice(1, 4).join(' '))).toEqual([
    'installed 0 packages:',
    'pushed 0 packages:',
  ]);
  await bench.write('user/berth.config.yaml', 'plugins: [[./notify.js, {fil: x}]]\n');
  const wrong = createPluginHost({ plugins: (await discoverPlugins(bench.options)).plugins, emit: () => undefined });
  await expect(wrong.call('push.after', emptyPlan(), { signal: SIGNAL })).rejects.toMatchObject({
    code: 'ERR_PLUGIN_OPTIONS',
  });
});

test('the guide shows every hook', async () => {
  const text = await guide();
  expect(CALLABLE_HOOKS.length).toBeGreaterThan(5);
  for (const hook of [...CALLABLE_HOOKS, 'mirror.for(scheme)', 'event']) expect(text).toContain(`| \`${hook}\` |`);
});

test('the guide lists every code of the plugin system, and no other', async () => {
  const listed = [...(await guide()).matchAll(/^\| `(ERR_[A-Z_]+)` \| (\w+) \|/gm)].map(([, code]) => code ?? '');
  const folder = join(ROOT, 'core/src');
  const ours = /^(config-file|discovery|owner|plugin[a-z-]*|tap-guard|trust\/plugin-trust)\.ts$/;
  const files = (await readdir(folder, { recursive: true })).filter((name) => ours.test(name));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const raised = texts.flatMap((text) =>
    [...text.matchAll(/'(ERR_(?:PLUGIN|MIRROR|CONFIG|FOREIGN)[A-Z_]*)'/g)].map(([, code]) => code ?? ''),
  );
  expect([...new Set(listed)].sort()).toEqual([...new Set(raised)].sort());
});

test('the tools of a single-file plugin are the ones that berth itself uses', async () => {
  const bench = await workbench();
  await bench.write(
    'user/berth.config.mjs',
    `export default { plugins: [{ name: 'probe', apiVersion: 1, apply(berth) {
      berth.hooks.install.plan.tap('probe', (plan) => ({ ...plan, tools: berth.tools, frozen: Object.isFrozen(berth) })); } }] };\n`,
  );
  const { plugins } = await discoverPlugins(bench.options);
  const plan = await createPluginHost({ plugins, emit: () => undefined }).call('install.plan', emptyPlan(), {
    signal: SIGNAL,
  });
  expect(plan).toMatchObject({ frozen: true, tools: { BerthError, bytesSource } });
});
