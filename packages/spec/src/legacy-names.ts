/** Names of compilers behind `%` that stand for packages of another name (spec-syntax §2 rule 3). */
const PACKAGE_OF_COMPILER: ReadonlyMap<string, string> = new Map([
  ['clang', 'llvm'],
  ['oneapi', 'intel-oneapi-compilers'],
  ['rocmcc', 'llvm-amdgpu'],
  ['intel', 'intel-oneapi-compilers-classic'],
  ['arm', 'acfl'],
]);
const COMPILER_OF_PACKAGE: ReadonlyMap<string, string> = new Map(
  [...PACKAGE_OF_COMPILER].map(([compiler, name]) => [name, compiler]),
);

/** The package behind `%clang`, `%oneapi`, …; other names are their own package. */
export function packageOfCompiler(name: string): string {
  return PACKAGE_OF_COMPILER.get(name) ?? name;
}

/** How a direct dependency on a package is written: `llvm` as `clang`, … */
export function compilerOfPackage(name: string): string {
  return COMPILER_OF_PACKAGE.get(name) ?? name;
}
