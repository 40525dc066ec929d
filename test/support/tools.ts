import { execFileSync } from 'node:child_process';

/**
 * What of these programs is not installed, said loudly: tests that need them are skipped. With REQUIRE_TOOLS=1 a lack is an
 * error.
 */
export function missingTools(...programs: readonly string[]): readonly string[] {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return [];
  const text = `not installed: ${missing.join(', ')} (scripts/install-tools installs them on Debian)`;
  if (process.env['REQUIRE_TOOLS'] === '1') throw new Error(text);
  process.stderr.write(`SKIPPED: ${text}\n`);
  return missing;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
