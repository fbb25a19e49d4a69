// `npm run docs`: writes every generated file anew.
// Owns only the order: each scripts/generate-*.ts knows what it writes and from which table.

import { globSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from './check.ts'

for (const name of globSync('generate-*.ts', { cwd: import.meta.dirname }).sort()) {
  if (name.endsWith('.test.ts')) continue
  console.log(name)
  if (runTool('node', join(import.meta.dirname, name)) !== 0) process.exitCode = 1
}
