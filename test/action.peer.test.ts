import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended } from './support/berth.ts';
import { type Bench, copyQuickstart, openBench } from './support/bench.ts';
import { greetingOf } from './support/greeting.ts';
import { type OciRegistry, PASSWORD, startSecureRegistry, trusting, USER, writesOf } from './support/oci-registry.ts';
import { missingTools } from './support/tools.ts';
import { inputsOf, openRunner, readAction, readSteps, type Runner, type StepFacts } from './support/workflow.ts';

const MINUTE = 60_000;
const ROOT = join(import.meta.dirname, '..');
const WORKFLOW = join(ROOT, 'examples/github-actions/packages.yml');
/** Steps that other repositories provide. */
const OTHERS = ['actions/checkout@v4', 'actions/setup-node@v4'];

const TOOLS = missingTools('docker-registry', 'htpasswd', 'openssl');
const withTools = TOOLS.length > 0 ? describe.skip : describe;

withTools('the action and its example workflow', () => {
  let registry: OciRegistry;
  let bench: Bench;
  let runner: Runner;

  beforeEach(async () => {
    registry = await startSecureRegistry();
    await openMachine();
  }, MINUTE);
  afterEach(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  /** A new virtual machine with the repository checked out, the quickstart's environment in it. */
  async function openMachine(): Promise<void> {
    bench = await openBench(trusting(registry));
    await copyQuickstart(bench);
    const { PATH, HOME, SPACK_SYSTEM_CONFIG_PATH, SPACK_USER_CACHE_PATH, NODE_EXTRA_CA_CERTS } = bench.env;
    const env = { PATH, HOME, SPACK_SYSTEM_CONFIG_PATH, SPACK_USER_CACHE_PATH, NODE_EXTRA_CA_CERTS };
    runner = await openRunner(bench.folder, env);
    const scope = join(bench.folder, 'system');
    await mkdir(scope);
    const tree = join(bench.folder, 't');
    await writeFile(join(scope, 'config.yaml'), `config:\n  install_tree:\n    root: ${tree}\n`);
  }

  function github(): Readonly<Record<string, string>> {
    return { actor: USER, token: PASSWORD, repository: 'Org/Name', action_path: ROOT };
  }

  function given(): Readonly<Record<string, string>> {
    return { mirror: `oci://${registry.host}/demo/action` };
  }

  /** Runs the steps of the action. */
  async function setUp(inputs: Readonly<Record<string, string>>): Promise<readonly Ended[]> {
    const action = await readAction(join(ROOT, 'action.yml'));
    expect(action.runs.using).toBe('composite');
    const facts: StepFacts = { github: github(), inputs: inputsOf(action, inputs, { github: github() }) };
    const ends: Ended[] = [];
    for (const step of action.runs.steps) {
      if (step.run === undefined) expect(OTHERS).toContain(step.uses);
      else ends.push(await runner.run(step, facts));
    }
    return ends;
  }

  /** Runs the workflow until a step fails; returns how each step with a script ended. */
  async function runWorkflow(): Promise<readonly Ended[]> {
    const ends: Ended[] = [];
    for (const step of await readSteps(WORKFLOW)) {
      if (OTHERS.includes(step.uses ?? '')) continue;
      const isOurs = step.uses?.startsWith('berth/berth@') === true;
      if (isOurs) ends.push(...(await setUp({ ...given(), ...(step.with as Record<string, string>) })));
      else ends.push(await runner.run(step, { github: github() }));
      if (ends.at(-1)?.code !== 0) break;
    }
    return ends;
  }

  async function withoutUpstream(): Promise<void> {
    await rm(join(bench.folder, 'mirror'), { recursive: true });
    await writeFile(join(bench.folder, 'environment/spack.yaml'), 'spack:\n  specs:\n  - greet\n  view: false\n');
  }

  test(
    'install from upstream, fill the own build cache, and the next machine installs from that alone',
    async () => {
      const first = await runWorkflow();
      expect(first.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '', '', '', '', '']);
      expect(greetingOf(join(bench.folder, 't'))).toContain('hello');
      await bench[Symbol.asyncDispose]();

      await openMachine();
      await withoutUpstream();
      const { result, requests } = await registry.during(runWorkflow);
      expect(result.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '', '', '', '', '']);
      expect(greetingOf(join(bench.folder, 't'))).toContain('hello');
      // The image under the tag is made anew; no package and no index is written again.
      const packages = writesOf(requests).filter((request) => request.includes('.spack'));
      expect(packages).toEqual([]);
    },
    2 * MINUTE,
  );

  test(
    'fail at the installation when no mirror has a package, and say which',
    async () => {
      await withoutUpstream();
      const ends = await runWorkflow();
      expect(ends.map(({ code }) => code)).toEqual([0, 0, 1]);
      expect(ends.at(-1)?.stderr).toMatch(/greet/);
      expect(ends.at(-1)?.stderr).toMatch(/build-cache/);
    },
    MINUTE,
  );

  test(
    'keep tokens out of files but the one for the environment, and mask them in the log',
    async () => {
      const ends = await setUp({ ...given(), 'push-token': 'another secret' });
      expect(ends.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '']);
      expect(ends.at(-1)?.stdout).toContain(`::add-mask::${PASSWORD}\n::add-mask::another secret\n`);
      const environment = await runner.environment();
      expect(environment).toMatchObject({ BERTH_TOKEN: PASSWORD, BERTH_PUSH_TOKEN: 'another secret' });
      const written = await readFile(join(environment['SPACK_USER_CONFIG_PATH'] ?? '', 'mirrors.yaml'), 'utf8');
      expect(written).toContain('secret_variable: BERTH_PUSH_TOKEN');
      for (const secret of [PASSWORD, 'another secret']) expect(written).not.toContain(secret);
    },
    MINUTE,
  );

  test(
    'use the registry of the repository when no other is named',
    async () => {
      const ends = await setUp({});
      expect(ends.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '']);
      const environment = await runner.environment();
      const written = await readFile(join(environment['SPACK_USER_CONFIG_PATH'] ?? '', 'mirrors.yaml'), 'utf8');
      expect(written).toContain('url: oci://ghcr.io/org/name/build-cache');
    },
    MINUTE,
  );
});
