export { BUILTIN_PLUGINS } from './builtins.ts';
