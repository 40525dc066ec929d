import { type HostFacts } from './host.ts';
import { type ConfigData } from './yaml/node.ts';

const MAX_BUILD_JOBS = 16;

/** The lowest scope, `_builtin` (configuration §2). */
export function builtinSettings(host: HostFacts): ConfigData {
  return {
    config: {
      debug: false,
      connect_timeout: 10,
      verify_ssl: true,
      checksum: true,
      dirty: false,
      build_jobs: Math.min(MAX_BUILD_JOBS, host.cpus),
      build_stage: '$tempdir/spack-stage',
      license_dir: '$spack/etc/spack/licenses',
    },
    concretizer: { externals: { completion: 'default_variants' } },
  };
}

/** `config:stage_name` and `config:develop_stage_link` where nothing says otherwise (configuration §11). */
export const DEFAULT_STAGE_NAME = 'spack-stage-{name}-{version}-{hash}';
export const DEFAULT_DEVELOP_STAGE_LINK = 'build-{arch}-{hash:7}';

/** The scopes that the scope `spack` includes where its folder does not say otherwise (configuration §2). */
export const DEFAULT_INCLUDES = `
include:
- name: user
  path: ~/.spack
  path_override_env_var: SPACK_USER_CONFIG_PATH
  optional: true
  prefer_modify: true
  when: '"SPACK_DISABLE_LOCAL_CONFIG" not in env'
- name: site
  path: $spack/etc/spack/site
  optional: true
- name: system
  path: /etc/spack
  path_override_env_var: SPACK_SYSTEM_CONFIG_PATH
  optional: true
  when: '"SPACK_DISABLE_LOCAL_CONFIG" not in env'
`;

/** Defaults for every platform, for a place without Spack (configuration §10–§15). */
export const BASE_DEFAULTS = `
mirrors:
  spack-public:
    binary: false
    url: https://mirror.spack.io
repos:
  builtin:
    git: https://github.com/spack/spack-packages.git
config:
  install_tree:
    root: $spack/opt/spack
    projections:
      all: '{architecture.platform}-{architecture.target}/{name}-{version}-{hash}'
  template_dirs:
  - $spack/share/spack/templates
  license_dir: $spack/etc/spack/licenses
  build_stage:
  - $tempdir/$user/spack-stage
  - $user_cache_path/stage
  test_stage: $user_cache_path/test
  source_cache: $spack/var/spack/cache
  misc_cache: $user_cache_path/cache
  connect_timeout: 30
  verify_ssl: true
  ssl_certs: $SSL_CERT_FILE
  suppress_gpg_warnings: false
  checksum: true
  deprecated: false
  dirty: false
  build_language: C
  locks: true
  url_fetch_method: urllib
  build_jobs: 16
  concurrent_packages: 1
  installer: old
  ccache: false
  db_lock_timeout: 60
  package_lock_timeout: null
  shared_linking:
    type: rpath
    bind: false
    missing_library_policy: ignore
  allow_sgid: true
  install_status: true
  binary_index_ttl: 600
  flags:
    keep_werror: none
  aliases:
    concretise: concretize
    containerise: containerize
    rm: remove
concretizer:
  reuse: true
  targets: {granularity: microarchitectures, host_compatible: true}
  unify: true
  duplicates:
    strategy: minimal
    max_dupes: {default: 1, c: 2, cxx: 2, fortran: 1, cmake: 2, gmake: 2, python: 2, python-venv: 2, py-cython: 2, py-flit-core: 2, py-pip: 2, py-setuptools: 2, py-versioneer: 2, py-wheel: 2, xcb-proto: 2, gcc: 2, llvm: 2}
  os_compatible: {}
  compiler_mixing: true
  splice: {explicit: [], automatic: false}
  timeout: 0
  error_on_timeout: true
  static_analysis: false
  concretization_cache: {enable: false}
  externals: {completion: default_variants}
modules:
  prefix_inspections:
    ./bin: [PATH]
    ./man: [MANPATH]
    ./share/man: [MANPATH]
    ./share/aclocal: [ACLOCAL_PATH]
    ./lib/pkgconfig: [PKG_CONFIG_PATH]
    ./lib64/pkgconfig: [PKG_CONFIG_PATH]
    ./share/pkgconfig: [PKG_CONFIG_PATH]
    ./: [CMAKE_PREFIX_PATH]
  default:
    roots:
      tcl: $spack/share/spack/modules
      lmod: $spack/share/spack/lmod
    enable: []
    tcl:
      all:
        autoload: direct
    lmod:
      all:
        autoload: direct
      hierarchy:
      - mpi
packages:
  all:
    permissions: {read: world, write: user}
    providers:
      armci: [armcimpi]
      awk: [gawk]
      blas: [openblas, amdblis]
      c: [gcc, llvm, intel-oneapi-compilers]
      cxx: [gcc, llvm, intel-oneapi-compilers]
      daal: [intel-oneapi-daal]
      elf: [elfutils]
      fftw-api: [fftw, amdfftw]
      flame: [libflame, amdlibflame]
      fortran: [gcc, llvm, intel-oneapi-compilers]
      fortran-rt: [gcc-runtime, intel-oneapi-runtime]
      fuse: [libfuse]
      gl: [glx, osmesa]
      glu: [mesa-glu, openglu]
      golang: [go, gcc]
      go-or-gccgo-bootstrap: [go-bootstrap, gcc]
      iconv: [libiconv]
      ipp: [intel-oneapi-ipp]
      java: [openjdk, jdk]
      jpeg: [libjpeg-turbo, libjpeg]
      lapack: [openblas, amdlibflame]
      libc: [glibc, musl]
      libgfortran: [gcc-runtime]
      libglx: [mesa+glx]
      libifcore: [intel-oneapi-runtime]
      libllvm: [llvm]
      lua-lang: [lua, lua-luajit-openresty, lua-luajit]
      luajit: [lua-luajit-openresty, lua-luajit]
      mariadb-client: [mariadb-c-client, mariadb]
      mkl: [intel-oneapi-mkl]
      mpe: [mpe2]
      mpi: [openmpi, mpich]
      mysql-client: [mysql, mariadb-c-client]
      onedal: [intel-oneapi-dal]
      opencl: [pocl]
      pbs: [openpbs, torque]
      pil: [py-pillow]
      pkgconfig: [pkgconf, pkg-config]
      qmake: [qt-base, qt]
      rpc: [libtirpc]
      scalapack: [netlib-scalapack, amdscalapack]
      sycl: [hipsycl]
      szip: [libaec, libszip]
      tbb: [intel-tbb]
      unwind: [libunwind]
      uuid: [util-linux-uuid, libuuid]
      wasi-sdk: [wasi-sdk-prebuilt]
      xkbdata-api: [xkeyboard-config, xkbdata]
      xxd: [xxd-standalone, vim]
      yacc: [bison, byacc]
      ziglang: [zig]
      zlib-api: [zlib-ng+compat, zlib]
  cce: {buildable: false}
  cray-fftw: {buildable: false}
  cray-libsci: {buildable: false}
  cray-mpich: {buildable: false}
  cray-mvapich2: {buildable: false}
  cray-pmi: {buildable: false}
  egl: {buildable: false}
  essl: {buildable: false}
  fj: {buildable: false}
  fujitsu-mpi: {buildable: false}
  fujitsu-ssl2: {buildable: false}
  glibc: {buildable: false}
  hpcx-mpi: {buildable: false}
  iconv: {prefer: [libiconv]}
  mpt: {buildable: false}
  musl: {buildable: false}
  spectrum-mpi: {buildable: false}
  xl: {buildable: false}
`;

const SDK = '/Library/Developer/CommandLineTools/SDKs/MacOSX.sdk';

/** Defaults of one platform, above those for all (configuration §12.4). */
export const PLATFORM_DEFAULTS: Readonly<Record<string, string>> = {
  darwin: `
packages:
  all:
    providers:
      c: [apple-clang, llvm, gcc]
      cxx: [apple-clang, llvm, gcc]
      elf: [libelf]
      fortran: [gcc]
      fuse: [macfuse]
      gl: [apple-gl]
      glu: [apple-glu]
      unwind: [apple-libunwind]
      uuid: [apple-libuuid]
  apple-gl:
    buildable: false
    externals:
    - {spec: apple-gl@4.1.0, prefix: ${SDK}}
  apple-glu:
    buildable: false
    externals:
    - {spec: apple-glu@1.3.0, prefix: ${SDK}}
  apple-libunwind:
    buildable: false
    externals:
    - {spec: apple-libunwind@35.3, prefix: /usr}
  apple-libuuid:
    buildable: false
    externals:
    - {spec: apple-libuuid@1353.100.2, prefix: ${SDK}}
  c: {prefer: [apple-clang]}
  cxx: {prefer: [apple-clang]}
  fortran: {prefer: [gcc]}
`,
};
