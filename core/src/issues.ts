import { messageOf } from '@berth/base';

interface Issue {
  readonly path?: readonly PropertyKey[];
  readonly message?: string;
}

/**
 * What a schema found, on one line: `plugins[0]: expected text; builtins: …`. zod keeps its findings in `issues`; the error of
 * another validator is taken by its message.
 */
export function describeIssues(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('issues' in error) || !Array.isArray(error.issues)) {
    return messageOf(error);
  }
  return (error.issues as readonly Issue[])
    .map(({ path = [], message = 'not valid' }) => (path.length === 0 ? message : `${pathText(path)}: ${message}`))
    .join('; ');
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return text.replace(/^\./, '');
}
