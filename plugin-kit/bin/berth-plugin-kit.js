#!/usr/bin/env node
// berth-plugin-kit MODULE: runs the contracts against what MODULE exports by default (`KitSubject`), and prints TAP.
import { pathToFileURL } from 'node:url';
import { formatTap, runSubject } from '@berth/plugin-kit';

const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write('usage: berth-plugin-kit MODULE\n');
  process.exitCode = 2;
} else {
  const { default: subject } = await import(pathToFileURL(path).href);
  const outcomes = await runSubject(subject);
  process.stdout.write(formatTap(outcomes));
  const failed = outcomes.some(({ status }) => status === 'failed');
  process.exitCode = failed || outcomes.length === 0 ? 1 : 0;
}
