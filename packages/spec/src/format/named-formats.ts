/** Every attribute of one node, versions as constraints (cli §5.3). */
export const DEFAULT_FORMAT =
  '{name}{@versions}{compiler_flags}{variants}{ namespace=namespace_if_anonymous}{ platform=architecture.platform}{ os=architecture.os}{ target=architecture.target}{/abstract_hash}';

/** As `DEFAULT_FORMAT`, for reading: plain versions, and the compilers last. */
export const DISPLAY_FORMAT =
  '{name}{@version}{compiler_flags}{variants}{ namespace=namespace_if_anonymous}{ platform=architecture.platform}{ os=architecture.os}{ target=architecture.target}{/abstract_hash}{compilers}';

/** One line that names a node without doubt. */
export const SHORT_FORMAT =
  '{name}{@version}{variants}{ platform=architecture.platform}{ os=architecture.os}{ target=architecture.target}{/hash:7}';

/** How messages about build caches name a spec. */
export const PUSH_FORMAT = '{name}{@version}{/hash:7}';

/** The default projection of an install tree. */
export const INSTALL_TREE_FORMAT = '{architecture.platform}-{architecture.target}/{name}-{version}-{hash}';

/** Folder of a build. */
export const STAGE_FORMAT = 'spack-stage-{name}-{version}-{hash}';

/** Link from the sources of a developed package to its stage. */
export const DEV_STAGE_FORMAT = 'build-{arch}-{hash:7}';

/** Job of a generated pipeline; cut at 255 characters by its users. */
export const CI_JOB_FORMAT = '{name}{@version} {/hash}';

/** Report of the tests of one spec. */
export const JUNIT_FILE_FORMAT = 'test-{name}-{version}-{hash}.xml';
