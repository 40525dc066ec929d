import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { parseYamlValue, toData } from '@berth/config';
import { type Ended, start } from './berth.ts';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

/** What a runner gives to the expressions of a step: `${{ github.actor }}`. */
export interface StepFacts {
  readonly github: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, string>>;
}

export async function readAction(file: string): Promise<Action> {
  return (await readYaml(file)) as Action;
}

/** The steps of the only job. */
export async function readSteps(file: string): Promise<readonly Step[]> {
  const { jobs } = (await readYaml(file)) as Workflow;
  const [job, ...others] = Object.values(jobs);
  if (job === undefined || others.length > 0) throw new Error(`${file}: expected one job`);
  return job.steps;
}

async function readYaml(file: string): Promise<unknown> {
  const node = parseYamlValue(await readFile(file, 'utf8'), { file });
  return node === undefined ? undefined : toData(node);
}

/** Replaces the expressions of a text. Rejects what is not a plain `inputs.x` or `github.x`. */
export function evaluate(text: string, facts: StepFacts): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const [, context, name] = /^ (github|inputs)\.([a-z_-]+) $/.exec(expression) ?? [];
    const value = context === undefined ? undefined : facts[context as 'github' | 'inputs']?.[name ?? ''];
    if (value === undefined) throw new Error(`no value for \${{${expression}}}`);
    return value;
  });
}

/** The inputs of an action: what is given, else the defaults. */
export function inputsOf(
  { inputs }: Action,
  given: Readonly<Record<string, string>>,
  facts: StepFacts,
): Readonly<Record<string, string>> {
  const defaults = Object.entries(inputs).map(([name, input]) => [name, evaluate(input.default, facts)]);
  return { ...(Object.fromEntries(defaults) as Record<string, string>), ...given };
}

/** A machine that runs the `run:` steps of workflows as GitHub's does, with files for the environment and the PATH. */
export interface Runner {
  readonly temporary: string;
  /** Runs one step with bash; what it exports holds from the next step on. */
  readonly run: (step: Step, facts: StepFacts) => Promise<Ended>;
  /** The environment of the next step. */
  readonly environment: () => Promise<NodeJS.ProcessEnv>;
}

export async function openRunner(folder: string, env: NodeJS.ProcessEnv): Promise<Runner> {
  const temporary = join(folder, 'runner-temp');
  await mkdir(temporary);
  const files = { GITHUB_ENV: join(folder, 'github-env'), GITHUB_PATH: join(folder, 'github-path') };
  for (const file of Object.values(files)) await appendFile(file, '');

  const environment = async (): Promise<NodeJS.ProcessEnv> => {
    const paths = (await readLines(files.GITHUB_PATH)).toReversed();
    const pairs = (await readLines(files.GITHUB_ENV)).map((line) => /^([A-Za-z_]\w*)=(.*)$/.exec(line));
    if (pairs.includes(null)) throw new Error('GITHUB_ENV: a line is not NAME=VALUE');
    const set = Object.fromEntries(pairs.map((match) => [match?.[1] ?? '', match?.[2] ?? '']));
    const PATH = [...paths, env['PATH']].join(delimiter);
    return { ...env, ...set, ...files, PATH, GITHUB_ACTIONS: 'true', RUNNER_TEMP: temporary };
  };

  return {
    temporary,
    environment,
    run: async ({ shell, env: own = {}, run = '' }, facts) => {
      if (shell !== 'bash') throw new Error(`shell ${String(shell)}: only bash is known here`);
      // Expressions in a script would be a way to run what an input says.
      if (run.includes('${{')) throw new Error('an expression in a script');
      const values = Object.entries(own).map(([name, text]) => [name, evaluate(text, facts)]);
      const all = { ...(await environment()), ...(Object.fromEntries(values) as NodeJS.ProcessEnv) };
      const words = ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', run];
      return start('bash', words, { env: all, cwd: folder }).ended;
    },
  };
}

async function readLines(file: string): Promise<readonly string[]> {
  if (!existsSync(file)) return [];
  return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
}
