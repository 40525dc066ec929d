export * from './contract.ts';
export * from './mirror-contract.ts';
export * from './object-store-contract.ts';
export * from './report.ts';
