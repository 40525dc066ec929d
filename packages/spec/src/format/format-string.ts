import { BerthError } from '@berth/base';
import { formatSpec } from '../print/spec.ts';
import { findDependency } from '../relations/lookup.ts';
import { type Spec } from '../spec.ts';
import { attributeOf, type AttributeValue, type FormatContext } from './attributes.ts';
import { formatError } from './format-error.ts';
import { SHORT_FORMAT } from './named-formats.ts';
import { parseFormat, type FormatField, type FormatPart } from './parse-format.ts';

/** Prints specs in one format. */
export type SpecFormatter = (spec: Spec, context?: FormatContext) => string;

const UNSAFE_IN_PATHS = /[^A-Za-z0-9_+.-]/g;
const SEPARATOR_IN_FIELD = /\{[^}]*[/\\][^}]*\}/;

/**
 * Prints a spec as a format string says (cli §5); blanks around the result are cut off.
 * @throws BerthError `usage` ERR_FORMAT_STRING, ERR_NO_DEPENDENCY when `{^name.…}` finds nothing
 */
export function formatString(spec: Spec, format: string, context: FormatContext = {}): string {
  return compileFormat(format)(spec, context);
}

/** Reads the format once, for many specs. @throws BerthError `usage` ERR_FORMAT_STRING */
export function compileFormat(format: string): SpecFormatter {
  const parts = parseFormat(format);
  return (spec, context = {}) =>
    parts
      .map((part) => formatPart(part, { spec, format, context }))
      .join('')
      .trim();
}

/**
 * Prints a relative or absolute path: each component of the format on its own, with every character outside
 * `A-Za-z0-9_+.-` replaced by `_` (cli §5.4), so that no value of a spec adds or leaves a folder.
 * @throws BerthError `usage` as `formatString`; `format` ERR_PATH_COMPONENT when fields give `.` or `..`
 */
export function formatPath(spec: Spec, format: string, context: FormatContext = {}): string {
  if (SEPARATOR_IN_FIELD.test(format)) throw formatError(format, 'a field in a path must not have "/" or "\\"');
  return format
    .split('/')
    .map((component) => formatComponent(spec, component, context))
    .join('/');
}

function formatComponent(spec: Spec, component: string, context: FormatContext): string {
  const text = formatString(spec, component, context).replace(UNSAFE_IN_PATHS, '_');
  if ((text === '.' || text === '..') && component !== text) {
    throw new BerthError('format', 'ERR_PATH_COMPONENT', `path of ${formatSpec(spec)}: ${component} gives "${text}"`);
  }
  return text;
}

interface FormatScope {
  readonly spec: Spec;
  readonly format: string;
  readonly context: FormatContext;
}

function formatPart(part: FormatPart, scope: FormatScope): string {
  if (typeof part === 'string') return part;
  const value = fieldValue(part, scope);
  if (value === undefined) return '';
  if (typeof value === 'string') return part.sigil + value.slice(0, part.hashLength);
  if ('verbatim' in value) return value.verbatim;
  throw formatError(scope.format, `{${part.path.join('.')}}: ${value.unknown}`);
}

function fieldValue({ dependency, path }: FormatField, { spec, context }: FormatScope): AttributeValue {
  const node = dependency === undefined ? spec : findDependency(spec, dependency);
  if (node === undefined) {
    throw new BerthError(
      'usage',
      'ERR_NO_DEPENDENCY',
      `${formatSpec(spec)}: it has no dependency ${dependency ?? ''}`,
      {
        details: { dependency },
      },
    );
  }
  const [name] = path;
  if (path.length === 1 && (name === 'short_spec' || name === 'cshort_spec'))
    return formatString(node, SHORT_FORMAT, context);
  return attributeOf(node, path, context);
}
