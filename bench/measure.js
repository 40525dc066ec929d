// Runs one program from start to end, and says what it took.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';

const GNU_TIME = '/usr/bin/time';
/** Does what GNU time does where that is missing. */
const PYTHON_TIME = `
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(child.pid, 0)
with open(sys.argv[1], "w") as report:
    report.write("%f %f %d" % (usage.ru_utime, usage.ru_stime, usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
`;
const LOG_TAIL_BYTES = 2000;

/**
 * @typedef {object} Measurement
 * @property {number} wallSeconds
 * @property {number | undefined} cpuSeconds User and system time of the process and all its children.
 * @property {number | undefined} peakBytes Resident memory of the largest process among them.
 */

/**
 * @param {string[]} command
 * @param {{ log: string, environment: Record<string, string | undefined> }} options `log` receives the output.
 * @returns {Promise<Measurement>} Rejects with the end of the log when the program fails.
 */
export async function measure(command, { log, environment }) {
  const report = `${log}.usage`;
  const output = openSync(log, 'w');
  const startedAt = performance.now();
  try {
    const code = await run([...wrapper(report), ...command], { output, environment });
    if (code !== 0) throw new Error(`${command.join(' ')}: exit code ${code}\n${tailOf(log)}`);
  } finally {
    closeSync(output);
  }
  return { wallSeconds: (performance.now() - startedAt) / 1000, ...readUsage(report) };
}

/** Nothing where neither program is there: then only the wall clock is known. */
function wrapper(report) {
  if (existsSync(GNU_TIME)) return [GNU_TIME, '-q', '-f', '%U %S %M', '-o', report];
  const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path));
  return python === undefined ? [] : [python, '-c', PYTHON_TIME, report];
}

async function run([program, ...words], { output, environment }) {
  // A pipe that nobody writes to: some programs ask their terminal what to do, and there is none.
  const child = spawn(program, words, { stdio: ['pipe', output, output], env: environment });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code);
    });
  });
}

function readUsage(report) {
  if (!existsSync(report)) return { cpuSeconds: undefined, peakBytes: undefined };
  const [user, system, kilobytes] = readFileSync(report, 'utf8').trim().split('\n').at(-1).split(' ').map(Number);
  return { cpuSeconds: user + system, peakBytes: kilobytes * 1024 };
}

function tailOf(log) {
  return readFileSync(log).subarray(-LOG_TAIL_BYTES).toString();
}
