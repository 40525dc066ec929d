import { type z } from '@berth/base';

/** The parts of a zod definition that say which keys and items a schema has. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly innerType?: z.ZodType;
}

function definitionOf(schema: z.ZodType): Definition {
  return schema.def;
}

/** `schema` without its wrappers: each alternative of a union, what an optional is of. */
export function alternatives(schema: z.ZodType): z.ZodType[] {
  const { type, options, innerType } = definitionOf(schema);
  if (type === 'union') return (options ?? []).flatMap(alternatives);
  return innerType === undefined ? [schema] : alternatives(innerType);
}

/** What may stand under `step` of a value of one of `schemas`. */
export function schemasUnder(schemas: readonly z.ZodType[], step: PropertyKey): z.ZodType[] {
  return schemas.flatMap((schema) => {
    const { shape, catchall, valueType, element } = definitionOf(schema);
    const named = shape !== undefined && Object.hasOwn(shape, step) ? shape[String(step)] : undefined;
    const under = named ?? (catchall !== undefined && isOpen(catchall) ? catchall : undefined) ?? valueType ?? element;
    return under === undefined ? [] : alternatives(under);
  });
}

/** What may stand at `path` of a value of `schema`. */
export function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType[] {
  return path.reduce<z.ZodType[]>((schemas, step) => schemasUnder(schemas, step), alternatives(schema));
}

/** The keys that are known at a place; `undefined` when any name may stand there. */
export interface KnownKeys {
  readonly keys: ReadonlySet<string>;
  /** True when other keys are an error. */
  readonly closed: boolean;
}

export function knownKeys(schemas: readonly z.ZodType[]): KnownKeys | undefined {
  const keys = new Set<string>();
  let closed = true;
  let found = false;
  for (const schema of schemas) {
    const { type, shape = {}, catchall } = definitionOf(schema);
    if (type === 'record') return undefined;
    if (type !== 'object') continue;
    // An object whose other keys have a schema of their own is a mapping of names.
    if (catchall !== undefined && isOpen(catchall) && definitionOf(catchall).type !== 'unknown') return undefined;
    found = true;
    for (const key of Object.keys(shape)) keys.add(key);
    if (catchall !== undefined && isOpen(catchall)) closed = false;
  }
  return found ? { keys, closed } : undefined;
}

function isOpen(catchall: z.ZodType): boolean {
  return definitionOf(catchall).type !== 'never';
}

export function isListSchema(schema: z.ZodType): boolean {
  return definitionOf(schema).type === 'array';
}
