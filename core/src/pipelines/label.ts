import { type ConcreteSpec } from '@berth/spec';

/** How a package is named in messages and events: `greet@1.0/7y7a35n`. */
export function labelOf(spec: ConcreteSpec): string {
  return `${spec.name}@${spec.version.text}/${spec.hash.slice(0, 7)}`;
}
