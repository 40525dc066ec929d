import { type BerthEvent, isBerthError } from '@berth/base';
import { type MirrorConnection } from '@berth/buildcache';
import { expect, test } from '@jest/globals';
import { discoverPlugins } from '../src/discovery.ts';
import { createPluginHost } from '../src/plugins.ts';
import { emptyPlan, hostOf, SIGNAL, workbench } from './workbench.ts';

const plan = emptyPlan;
const call = { signal: SIGNAL };

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );
}

test.each(['good', 'import-only', 'no-manifest', 'commonjs', 'compiled-commonjs'])(
  'P03: a plugin is loaded whatever its module format: %s',
  async (name) => {
    const host = await hostOf([name]);
    expect(await host.call('install.plan', plan(), call)).toMatchObject({ seenBy: [name] });
    expect(host.loaded()).toEqual([name]);
  },
);

const broken: readonly {
  readonly plugin: string | readonly [string, object];
  readonly code: string;
  readonly says: string;
  readonly kind?: string;
}[] = [
  { plugin: 'throws-on-import', code: 'ERR_PLUGIN_LOAD', says: 'RangeError: no luck at import' },
  { plugin: 'syntax-error', code: 'ERR_PLUGIN_LOAD', says: 'SyntaxError' },
  { plugin: 'wrong-api-manifest', code: 'ERR_PLUGIN_API_VERSION', says: 'made for plugin API 2' },
  { plugin: 'wrong-api-module', code: 'ERR_PLUGIN_API_VERSION', says: 'made for plugin API 0' },
  { plugin: 'bad-manifest', code: 'ERR_PLUGIN_MANIFEST', says: 'provides' },
  { plugin: 'unknown-hook', code: 'ERR_PLUGIN_MANIFEST', says: 'install.plam' },
  { plugin: 'no-default-export', code: 'ERR_PLUGIN_SHAPE', says: 'default export' },
  { plugin: 'async-apply', code: 'ERR_PLUGIN_SHAPE', says: 'asynchronous' },
  { plugin: 'missing-dependency', code: 'ERR_PLUGIN_DEPENDENCY', says: 'a-package-that-nobody-installed' },
  { plugin: 'declares-too-much', code: 'ERR_PLUGIN_DECLARATION', says: 'does not tap push.plan' },
  { plugin: 'declares-too-little', code: 'ERR_PLUGIN_DECLARATION', says: 'taps push.before' },
  { plugin: 'throws-in-apply', code: 'ERR_PLUGIN_LOAD', says: 'apply gave up' },
  {
    plugin: ['with-options', { level: 'high' }],
    code: 'ERR_PLUGIN_OPTIONS',
    says: 'level: not a number',
    kind: 'config',
  },
  { plugin: ['good', { any: 1 }], code: 'ERR_PLUGIN_OPTIONS', says: 'takes no options', kind: 'config' },
  { plugin: 'throws-in-tap', code: 'ERR_PLUGIN_HOOK', says: 'hook install.plan: tap gave up' },
  { plugin: 'throws-text', code: 'ERR_PLUGIN_HOOK', says: 'hook install.plan: just text' },
  { plugin: 'returns-null', code: 'ERR_PLUGIN_RESULT', says: 'neither a plan nor undefined' },
];

test.each(broken)(
  'P01, P03: $plugin fails with $code and its name',
  async ({ plugin, code, says, kind = 'plugin' }) => {
    const name = typeof plugin === 'string' ? plugin : plugin[0];
    const error = await failureOf((await hostOf([plugin])).call('install.plan', plan(), call));
    expect(error).toMatchObject({ kind, code });
    expect(isBerthError(error) && error.message).toContain(says);
    expect(isBerthError(error) && error.message).toContain(name);
    expect(isBerthError(error) && error.hint).toBeTruthy();
  },
);

test('P03: a plugin that is not installed is told apart from one that lacks a dependency', async () => {
  const bench = await workbench();
  await bench.write('user/berth.config.yaml', 'plugins: [nobody-has-it, ./gone.mjs]\n');
  const { plugins } = await discoverPlugins(bench.options);
  for (const [index, says] of ['nobody-has-it: named in', 'gone.mjs: named in'].entries()) {
    const one = createPluginHost({ plugins: plugins.slice(index, index + 1), emit: () => undefined });
    const error = await failureOf(one.call('push.plan', plan(), call));
    expect(error).toMatchObject({ kind: 'plugin', code: 'ERR_PLUGIN_NOT_FOUND' });
    expect(String(error)).toContain(says);
  }
});

test('P03: what needs none of the hooks of a broken plugin still runs, and the broken plugin is never skipped', async () => {
  const host = await hostOf(['throws-on-import', 'wrong-api-manifest', 'good-too']);
  expect(await host.call('push.plan', plan(), call)).toEqual(plan());
  expect(host.loaded()).toEqual([]);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(host.call('install.plan', plan(), call)).rejects.toMatchObject({ code: 'ERR_PLUGIN_LOAD' });
  }
});

test('a plugin that fails in apply does not leave working taps behind', async () => {
  const host = await hostOf(['throws-in-apply']);
  await failureOf(host.call('install.plan', plan(), call));
  await expect(host.hooks.install.plan.promise(plan(), call)).rejects.toMatchObject({ code: 'ERR_PLUGIN_LOAD' });
});

test('taps run in the order of the configuration, whichever plugin was imported first', async () => {
  const host = await hostOf(['good-too', 'no-manifest', 'good']);
  // `no-manifest` is imported for any hook, the others only for theirs.
  await host.call('push.before', plan(), call);
  expect(host.loaded()).toEqual(['no-manifest']);
  expect(await host.call('install.plan', plan(), call)).toMatchObject({ seenBy: ['good-too', 'no-manifest', 'good'] });
});

test('options reach the plugin completed by its own schema', async () => {
  expect(await (await hostOf(['with-options'])).call('install.plan', plan(), call)).toMatchObject({ level: 3 });
  const given = await hostOf([['with-options', { level: 7 }]]);
  expect(await given.call('install.plan', plan(), call)).toMatchObject({ level: 7 });
});

test('P01: a tap that never settles ends with the signal', async () => {
  const host = await hostOf(['never-settles']);
  const controller = new AbortController();
  const work = host.call('install.plan', plan(), { signal: controller.signal });
  const reason = new Error('the user pressed Ctrl-C');
  setTimeout(() => {
    controller.abort(reason);
  }, 20);
  expect(await failureOf(work)).toBe(reason);
});

test('P01: a tap that never settles ends with its time limit, which names plugin and hook', async () => {
  const host = await hostOf(['never-settles'], { hookTimeoutMs: 30 });
  const error = await failureOf(host.call('install.plan', plan(), call));
  expect(error).toMatchObject({
    kind: 'plugin',
    code: 'ERR_PLUGIN_TIMEOUT',
    details: { plugin: 'never-settles', hook: 'install.plan' },
  });
});

test('P01: a second answer of a tap changes nothing', async () => {
  const host = await hostOf(['settles-twice', 'good']);
  expect(await host.call('install.plan', plan(), call)).toMatchObject({ seenBy: ['settles-twice', 'good'] });
});

test('P01: a tap that returns undefined keeps the plan', async () => {
  const given = plan();
  expect(await (await hostOf(['returns-nothing'])).call('install.plan', given, call)).toBe(given);
});

test('a refusal keeps its kind and code, and says which plugin refused in which hook', async () => {
  const error = await failureOf((await hostOf(['refuses'])).call('install.plan', plan(), call));
  expect(error).toMatchObject({
    kind: 'policy',
    code: 'ERR_REFUSES',
    hint: 'Sign it.',
    details: { plugin: 'refuses', hook: 'install.plan' },
  });
});

test('P01: every tap of an `after` hook runs, whatever the others do, and every failure is told', async () => {
  const host = await hostOf(['after-one-fails', 'after-works', 'after-two-fails']);
  const given = { ...plan(), ran: [] as string[] };
  const error = await failureOf(host.call('install.after', given, call));
  expect(given.ran).toEqual(['after-works']);
  expect(error).toMatchObject({ kind: 'plugin', code: 'ERR_PLUGIN_HOOK' });
  expect(String(error)).toContain('clean-up one gave up');
  expect(String(error)).toContain('clean-up two gave up');
  const single = await failureOf((await hostOf(['after-one-fails'])).call('install.after', plan(), call));
  expect(single).toMatchObject({ details: { plugin: 'after-one-fails', hook: 'install.after' } });
});

test('P06: what taps are given is frozen', async () => {
  const host = await hostOf(['good']);
  const given = plan();
  await host.call('install.plan', given, call);
  expect(Object.isFrozen(given)).toBe(true);
  expect(Object.isFrozen(host.hooks)).toBe(true);
  expect(Object.isFrozen(host.hooks.install)).toBe(true);
});

function connection(url: string): MirrorConnection {
  return {
    name: 'm',
    direction: 'fetch',
    url,
    settings: {},
    credentials: async () => undefined,
    cacheDir: undefined,
    emit: () => undefined,
  };
}

test('a mirror is opened by the plugin of its scheme', async () => {
  const host = await hostOf(['ferry-one', 'good']);
  expect(await host.openMirror(connection('ferry://x/y'), call)).toMatchObject({
    openedBy: 'ferry-one',
    url: 'ferry://x/y',
  });
  expect(await host.mirrorSchemes(call)).toEqual(['ferry']);
});

test('P02: two plugins for one scheme are a config error that names both', async () => {
  const error = await failureOf((await hostOf(['ferry-one', 'ferry-two'])).openMirror(connection('ferry://x'), call));
  expect(error).toMatchObject({
    kind: 'config',
    code: 'ERR_PLUGIN_CONFLICT',
    details: { plugins: ['ferry-one', 'ferry-two'] },
  });
});

test('P02: a tap that sets its priority comes first, and leaves the mirror to the next one when it declines', async () => {
  const host = await hostOf(['ferry-one', 'ferry-first']);
  expect(await host.openMirror(connection('ferry://x'), call)).toMatchObject({ openedBy: 'ferry-first' });
  const declining = await hostOf(['ferry-one', 'ferry-declines']);
  expect(await declining.openMirror(connection('ferry://x'), call)).toMatchObject({ openedBy: 'ferry-one' });
});

test('a scheme that no plugin opens is a config error that lists the known ones', async () => {
  const error = await failureOf((await hostOf(['ferry-one'])).openMirror(connection('gopher://x'), call));
  expect(error).toMatchObject({ kind: 'config', code: 'ERR_MIRROR_SCHEME', details: { known: ['ferry'] } });
});

test('P01: what is not a mirror is refused', async () => {
  const error = await failureOf((await hostOf(['ferry-garbage'])).openMirror(connection('ferry://x'), call));
  expect(error).toMatchObject({ kind: 'plugin', code: 'ERR_PLUGIN_RESULT' });
});

test('P02: two plugins that call themselves the same are a config error', async () => {
  const error = await failureOf((await hostOf(['good', 'same-name'])).call('install.plan', plan(), call));
  expect(error).toMatchObject({ kind: 'config', code: 'ERR_PLUGIN_CONFLICT' });
});

test('observers see events after the host; one that fails is reported once and the others go on', async () => {
  const seen: BerthEvent[] = [];
  const watched: string[] = [];
  Object.assign(globalThis, { __seenEvents: watched });
  const host = await hostOf(['observer-throws', 'observer-rejects', 'observes'], { emit: (event) => seen.push(event) });
  const emit = await host.observedEmit(call);
  for (let round = 0; round < 2; round += 1) {
    emit({ type: 'debug', message: 'x' });
    await new Promise((resume) => setImmediate(resume));
  }
  Reflect.deleteProperty(globalThis, '__seenEvents');
  expect(watched).toEqual(['debug', 'debug']);
  expect(seen.filter(({ type }) => type === 'debug')).toHaveLength(2);
  const warnings = seen.flatMap((event) => (event.type === 'warning' ? event.message : []));
  expect(warnings).toHaveLength(2);
  expect(warnings.join()).toContain('plugin observer-throws: hook event: cannot watch');
});

test('plugins are described without being imported', async () => {
  const host = await hostOf(['throws-on-import', 'no-manifest', 'bad-manifest']);
  const described = await host.describe();
  expect(described.map(({ name, provides }) => [name, provides])).toEqual([
    ['throws-on-import', ['install.plan']],
    ['no-manifest', undefined],
    ['bad-manifest', undefined],
  ]);
  expect(described[2]?.problem).toContain('provides');
  expect(host.loaded()).toEqual([]);
});
