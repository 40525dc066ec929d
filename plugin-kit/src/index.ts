export * from './contract.ts';
export { type MirrorContext, publicationOf } from './mirror-context.ts';
export * from './mirror-contract.ts';
export * from './object-store-contract.ts';
export * from './report.ts';
