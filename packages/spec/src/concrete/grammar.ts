const MAX_BYTES = 255;
const PACKAGE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const NAMESPACE = /^[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*$/;
const PLAIN_VERSION = /^(?:[A-Za-z0-9_.-]+|[A-Za-z0-9_][A-Za-z0-9_.-]*=[A-Za-z0-9_.-]+)$/;
/** A ref as git allows them: no empty, hidden or `..` component, so that it cannot climb out of a folder. */
const GIT_VERSION = /^git\.[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*(?:=[A-Za-z0-9_.-]+)?$/;
const ARCHITECTURE_PART = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;
const DOTS_ONLY = /^\.+$/;

/** True for a package name from which a path may be built: at most 255 bytes, no separator (hostile-inputs J17). */
export function isPackageName(text: string): boolean {
  return text.length <= MAX_BYTES && PACKAGE_NAME.test(text);
}

/** True for a repository's namespace such as `builtin` or `org.site`. */
export function isNamespace(text: string): boolean {
  return text.length <= MAX_BYTES && NAMESPACE.test(text);
}

/** True for the version of a concrete node, git versions included; only the ref of a git version may hold a `/`. */
export function isVersionText(text: string): boolean {
  if (text.length > MAX_BYTES || DOTS_ONLY.test(text)) return false;
  return PLAIN_VERSION.test(text) || GIT_VERSION.test(text);
}

/** True for the name of a platform, an operating system or a target. */
export function isArchitecturePart(text: string): boolean {
  return text.length <= MAX_BYTES && ARCHITECTURE_PART.test(text);
}
