import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import { chmod, chown, lchown, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG_FILE_NAMES, discoverPlugins } from '../src/discovery.ts';
import { type BuiltinPlugin } from '../src/plugin-entries.ts';
import { createPluginHost } from '../src/plugins.ts';
import { trustPlugin } from '../src/trust/plugin-trust.ts';
import { emptyPlan, SIGNAL, type Workbench, workbench } from './workbench.ts';

const call = { signal: SIGNAL };
const asRoot = process.getuid?.() === 0 ? test : test.skip;

async function planOf(bench: Workbench): Promise<unknown> {
  const { plugins } = await discoverPlugins(bench.options);
  return createPluginHost({ plugins, emit: () => undefined }).call('install.plan', emptyPlan(), call);
}

const PLUGIN_CODE = `export default { name: 'one-file', apiVersion: 1, apply(berth) {
  berth.hooks.install.plan.tap('one-file', (plan) => ({ ...plan, seenBy: [...(plan.seenBy ?? []), 'one-file'] })); } };\n`;

test('plugins of system, user and project files are used, in this order', async () => {
  const bench = await workbench();
  await bench.install('system', 'good');
  await bench.install('user', 'good-too');
  await bench.write('system/berth.config.yaml', 'plugins: [good]\n');
  await bench.write('user/.berthrc', 'plugins: [good-too]\n');
  await bench.write('project/berth.config.json', '{"plugins": ["./one-file.mjs"]}');
  await trustPlugin(await bench.write('project/one-file.mjs', PLUGIN_CODE), bench.options);
  expect(await planOf(bench)).toMatchObject({ seenBy: ['good', 'good-too', 'one-file'] });
  const { files } = await discoverPlugins(bench.options);
  expect(files.map(({ scope }) => scope)).toEqual(['system', 'user', 'project']);
});

test('the nearest project file above the environment is used, and none above the home folder', async () => {
  const bench = await workbench();
  const deep = join(bench.root, 'project/a/b');
  await mkdir(deep, { recursive: true });
  const near = await bench.write('project/a/berth.config.yaml', 'hookTimeoutSeconds: 5\n');
  await bench.write('project/berth.config.yaml', 'hookTimeoutSeconds: 6\n');
  const options = { ...bench.options, projectFolder: deep };
  expect(await discoverPlugins(options)).toMatchObject({ files: [{ file: near }], hookTimeoutMs: 5000 });
  const fenced = { ...options, home: deep };
  expect((await discoverPlugins(fenced)).files).toEqual([]);
});

const SETTINGS = { hookTimeoutSeconds: 7 };
const TEXTS: Readonly<Record<string, string>> = {
  yaml: 'hookTimeoutSeconds: 7\n',
  yml: 'hookTimeoutSeconds: 7\n',
  json: JSON.stringify(SETTINGS),
  ts: 'interface C { hookTimeoutSeconds: number }\nconst config: C = { hookTimeoutSeconds: 7 };\nexport default config;\n',
  js: 'module.exports = { hookTimeoutSeconds: 7 };\n',
  cjs: 'module.exports = { hookTimeoutSeconds: 7 };\n',
  mjs: 'export default { hookTimeoutSeconds: 7 };\n',
};

test.each(CONFIG_FILE_NAMES)('%s is read at user scope', async (name) => {
  const bench = await workbench();
  const extension = name.startsWith('.berthrc') ? (name.split('.')[2] ?? 'yaml') : (name.split('.').at(-1) ?? '');
  const text = name === 'package.json' ? JSON.stringify({ name: 'x', berth: SETTINGS }) : TEXTS[extension];
  await bench.write(`user/${name}`, text ?? '');
  expect((await discoverPlugins(bench.options)).hookTimeoutMs).toBe(7000);
});

test.each(['ts', 'js', 'cjs', 'mjs'])(
  'Y16: a project file berth.config.%s does not run before it is trusted',
  async (extension) => {
    const bench = await workbench();
    const canary = join(bench.root, 'canary');
    const touch = `import('node:fs').then((fs) => fs.writeFileSync(${JSON.stringify(canary)}, ''));\n`;
    const file = await bench.write(`project/berth.config.${extension}`, `${touch}${TEXTS[extension] ?? ''}`);
    await expect(discoverPlugins(bench.options)).rejects.toMatchObject({
      kind: 'policy',
      code: 'ERR_PLUGIN_UNTRUSTED',
    });
    await new Promise((resume) => setTimeout(resume, 20));
    const { existsSync } = await import('node:fs');
    expect(existsSync(canary)).toBe(false);
    await trustPlugin(file, bench.options);
    expect((await discoverPlugins(bench.options)).hookTimeoutMs).toBe(7000);
    await bench.write(`project/berth.config.${extension}`, `${TEXTS[extension] ?? ''}// changed\n`);
    await expect(discoverPlugins(bench.options)).rejects.toThrow(/it has changed since it was trusted/);
  },
);

test('Y16: a plugin of a project, by path or by name, runs only once it is trusted', async () => {
  const bench = await workbench();
  await bench.install('project', 'good');
  await bench.write('project/berth.config.yaml', 'plugins: [good, ./one-file.mjs]\n');
  const file = await bench.write('project/one-file.mjs', PLUGIN_CODE);
  await expect(planOf(bench)).rejects.toMatchObject({ kind: 'policy', code: 'ERR_PLUGIN_UNTRUSTED' });
  await trustPlugin(join(bench.root, 'project/node_modules/good'), bench.options);
  await expect(planOf(bench)).rejects.toThrow(/one-file\.mjs/);
  await trustPlugin(file, bench.options);
  expect(await planOf(bench)).toMatchObject({ seenBy: ['good', 'one-file'] });
  await bench.write('project/node_modules/good/extra.mjs', 'export {};\n');
  await expect(planOf(bench)).rejects.toThrow(/plugin good: not run: it has changed/);
});

test('Y16: files like .config/config.js of the working folder are no configuration of berth and never run', async () => {
  const bench = await workbench();
  const canary = join(bench.root, 'canary');
  await bench.write('project/.config/config.cjs', `require('node:fs').writeFileSync(${JSON.stringify(canary)}, '');\n`);
  const before = process.cwd();
  process.chdir(join(bench.root, 'project'));
  try {
    expect((await discoverPlugins(bench.options)).files).toEqual([]);
  } finally {
    process.chdir(before);
  }
  const { existsSync } = await import('node:fs');
  expect(existsSync(canary)).toBe(false);
});

test('a name that a project file gives resolves among berth’s own dependencies without trust', async () => {
  const bench = await workbench();
  await bench.install('system', 'good');
  await bench.write('project/berth.config.yaml', 'plugins: [good]\n');
  const options = { ...bench.options, resolveFrom: [new URL(`file://${bench.root}/system/`).href] };
  expect(await planOf({ ...bench, options })).toMatchObject({ seenBy: ['good'] });
});

asRoot('Y16: a file, or a folder, of another user is refused with the fix in the hint', async () => {
  const bench = await workbench();
  const file = await bench.write('project/berth.config.yaml', 'hookTimeoutSeconds: 1\n');
  await chown(file, 12345, 12345);
  const error = await discoverPlugins(bench.options).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ kind: 'config', code: 'ERR_FOREIGN_FILE' });
  expect(isBerthError(error) && error.message).toContain('belongs to user 12345');
  expect(isBerthError(error) && error.hint).toContain('chown 0');
  await chown(file, 0, 0);
  await chown(join(bench.root, 'project'), 12345, 12345);
  await expect(discoverPlugins(bench.options)).rejects.toThrow(/its folder belongs to user 12345/);
});

asRoot('Y16: root’s files are fine for another user, a link of another user is not', async () => {
  const bench = await workbench();
  const real = await bench.write('system/other.yaml', 'hookTimeoutSeconds: 1\n');
  await bench.write('user/berth.config.yaml', 'hookTimeoutSeconds: 2\n');
  const options = { ...bench.options, uid: 4711 };
  expect((await discoverPlugins(options)).hookTimeoutMs).toBe(2000);
  const link = join(bench.root, 'system/berth.config.yaml');
  await symlink(real, link);
  await lchown(link, 12345, 12345);
  await expect(discoverPlugins(options)).rejects.toMatchObject({ code: 'ERR_FOREIGN_FILE' });
});

test('Y16: a file that every user may write is refused', async () => {
  const bench = await workbench();
  const file = await bench.write('project/berth.config.yaml', 'hookTimeoutSeconds: 1\n');
  await chmod(file, 0o666);
  await expect(discoverPlugins(bench.options)).rejects.toThrow(/every user may write it/);
});

const refused: readonly {
  readonly name: string;
  readonly text: string;
  readonly says: RegExp;
  readonly kind?: string;
}[] = [
  { name: 'an unknown key', text: 'plugin: [a]\n', says: /plugin/ },
  { name: 'a wrong type', text: 'plugins: good\n', says: /plugins/ },
  { name: 'text for a switch (Y10)', text: 'builtins: "false"\n', says: /builtins/ },
  { name: 'a duplicate key (Y05)', text: 'builtins: true\nbuiltins: false\n', says: /duplicated/ },
  { name: 'a prototype key (Y08)', text: 'mirrors: {m: {__proto__: {x: 1}}}\n', says: /__proto__/ },
  { name: 'a code tag (Y04)', text: 'plugins: [!!js/function "function () {}"]\n', says: /tag/ },
  { name: 'a path as a name (P10)', text: 'plugins: ["a/../../x"]\n', says: /neither a package name nor a path/ },
  {
    name: 'an address as a name (P10)',
    text: 'plugins: ["https://x/y.mjs"]\n',
    says: /neither a package name nor a path/,
  },
  {
    name: 'a data address as a name (P10)',
    text: 'plugins: ["data:text/javascript,1"]\n',
    says: /neither a package name/,
  },
  {
    name: 'a sub-path as a name (P10)',
    text: 'plugins: ["good/index.mjs"]\n',
    says: /neither a package name nor a path/,
  },
  { name: 'no time at all', text: 'hookTimeoutSeconds: 0\n', says: /hookTimeoutSeconds/ },
];

test.each(refused)('refused, naming the file: $name', async ({ text, says }) => {
  const bench = await workbench();
  const file = await bench.write('user/berth.config.yaml', text);
  const error = await discoverPlugins(bench.options).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ kind: 'config', code: 'ERR_CONFIG' });
  expect(isBerthError(error) && error.message).toMatch(says);
  expect(isBerthError(error) && error.message.startsWith(`${file}: `)).toBe(true);
});

test('Y01: aliases that multiply end at a limit', async () => {
  const bench = await workbench();
  const lines = ['mirrors:', '  l0: &l0 {k: [a, a, a, a, a, a, a, a, a]}'];
  for (let level = 1; level < 9; level += 1) {
    const alias = `*l${level - 1}`;
    lines.push(`  l${level}: &l${level} {k: [${Array.from({ length: 9 }, () => alias).join(', ')}]}`);
  }
  await bench.write('user/berth.config.yaml', `${lines.join('\n')}\n`);
  await expect(discoverPlugins(bench.options)).rejects.toMatchObject({ kind: 'limit' });
});

test('two configuration files in one folder are refused, since one would be ignored', async () => {
  const bench = await workbench();
  await bench.write('user/berth.config.yaml', 'builtins: true\n');
  await bench.write('user/.berthrc', 'builtins: true\n');
  await expect(discoverPlugins(bench.options)).rejects.toMatchObject({ code: 'ERR_CONFIG' });
});

test('an empty file and a package.json without the key are no configuration', async () => {
  const bench = await workbench();
  await bench.write('project/berth.config.yaml', '');
  await bench.write('project/package.json', '{"name": "x"}');
  expect((await discoverPlugins(bench.options)).files).toEqual([]);
});

test('settings of a mirror are merged key by key, the narrowest scope last', async () => {
  const bench = await workbench();
  await bench.write('system/berth.config.yaml', 'mirrors: {m: {region: a, ttl: 1}, n: {x: 1}}\n');
  await bench.write('project/berth.config.yaml', 'mirrors: {m: {region: b}}\n');
  const { mirrorSettings } = await discoverPlugins(bench.options);
  expect(Object.fromEntries(mirrorSettings)).toEqual({ m: { region: 'b', ttl: 1 }, n: { x: 1 } });
});

function builtin(name: string): BuiltinPlugin {
  return {
    name,
    manifest: { apiVersion: 1, provides: ['install.plan'] },
    load: async () => ({
      default: {
        name,
        apiVersion: 1,
        options: { safeParse: (value: unknown) => ({ success: true, data: value }) },
        apply: (
          berth: { hooks: { install: { plan: { tap: (by: string, tap: (plan: object) => object) => void } } } },
          given: object,
        ) => {
          berth.hooks.install.plan.tap(name, (plan) => ({ ...plan, given }));
        },
      },
    }),
  };
}

test('a built-in plugin gets the options of the file that names it, once', async () => {
  const bench = await workbench({ builtins: [builtin('inside')] });
  expect(await planOf(bench)).toMatchObject({ given: {} });
  await bench.write('user/berth.config.yaml', 'plugins: [[inside, {level: 4}]]\n');
  expect(await planOf(bench)).toMatchObject({ given: { level: 4 } });
  const { plugins } = await discoverPlugins(bench.options);
  expect(plugins.map(({ name }) => name)).toEqual(['inside']);
});

test('a project cannot put its own package in the place of a built-in plugin', async () => {
  const bench = await workbench({ builtins: [builtin('good')] });
  await bench.install('project', 'good');
  await bench.write('project/berth.config.yaml', 'plugins: [good]\n');
  expect(await planOf(bench)).toMatchObject({ given: {} });
});

test('builtins: false starts from none', async () => {
  const bench = await workbench({ builtins: [builtin('inside')] });
  await bench.write('user/berth.config.yaml', 'builtins: false\n');
  expect((await discoverPlugins(bench.options)).plugins).toEqual([]);
});

test('one plugin in two files is one plugin, unless its options differ', async () => {
  const bench = await workbench();
  await bench.install('system', 'with-options');
  await bench.install('user', 'with-options');
  await bench.write('system/berth.config.yaml', 'plugins: [[with-options, {level: 1}]]\n');
  await bench.write('user/berth.config.yaml', 'plugins: [[with-options, {level: 1}]]\n');
  expect((await discoverPlugins(bench.options)).plugins).toHaveLength(1);
  await bench.write('user/berth.config.yaml', 'plugins: [[with-options, {level: 2}]]\n');
  await expect(discoverPlugins(bench.options)).rejects.toMatchObject({ kind: 'config', code: 'ERR_PLUGIN_CONFLICT' });
});

test('a configuration in code may hold the plugin itself', async () => {
  const bench = await workbench();
  await bench.write(
    'user/berth.config.mjs',
    `${PLUGIN_CODE.replace('export default', 'const plugin =')}export default { plugins: [plugin] };\n`,
  );
  expect(await planOf(bench)).toMatchObject({ seenBy: ['one-file'] });
});

test('a plugin in TypeScript is loaded by path', async () => {
  const bench = await workbench();
  await bench.write('user/berth.config.yaml', 'plugins: [./typed.ts]\n');
  await bench.write(
    'user/typed.ts',
    `interface Plan { seenBy?: string[] }\n${PLUGIN_CODE.replace('(plan)', '(plan: Plan)').replace('(berth)', '(berth: any)')}`,
  );
  expect(await planOf(bench)).toMatchObject({ seenBy: ['one-file'] });
});
