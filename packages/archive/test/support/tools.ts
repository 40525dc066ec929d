import { test } from '@jest/globals';
import { execFileSync } from 'node:child_process';

/**
 * A test that needs programs of the host: without them it is skipped by a name that says which are missing, or fails when
 * REQUIRE_TOOLS=1.
 */
export function toolTest(tools: readonly string[]): typeof test {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return test;
  if (process.env['REQUIRE_TOOLS'] === '1') throw new Error(`not installed: ${missing.join(', ')}`);
  process.stderr.write(`skipped, not installed: ${missing.join(', ')}\n`);
  return test.skip as typeof test;
}

function isInstalled(tool: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', tool], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
