// `npm test`: every check and every test, then a look at what was left behind, and at every request
// to the API and its answer.
// Owns the order and the verdict; never skips a stage because an earlier one failed.
//
//   npm test                          all
//   npm test -- bus src/io/*.test.ts  only test files whose path has the text or matches the glob
//   npm test -- --test-name-pattern=… options go to Node's test runner

import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, matchesGlob } from 'node:path'
import { checkExchanges } from '../tests/conformance/check.ts'
import { FOLDER_VARIABLE, readExchanges } from '../tests/conformance/exchange.ts'
import { failedChecks, runTool } from './check.ts'
import { describeLeftovers, leftoversSince, takeInventory } from './test-leftovers.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['src', 'sdk', 'samples', 'bench', 'tests', 'scripts']
/** One test, and one file of tests, may take this long. */
const TEST_TIMEOUT_MS = 600_000
/**
 * Tests of several processes wait for each other most of the time; more files at once only stretch
 * their waits.
 */
const CONCURRENCY_MAX = 4

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const runnerOptions = args.filter((arg) => arg.startsWith('-'))
  const patterns = args.filter((arg) => !arg.startsWith('-'))
  const files = testFiles(patterns)
  if (files.length === 0) {
    console.error(`no test file matches ${patterns.join(' ')}`)
    return 1
  }
  const failures = patterns.length === 0 ? failedChecks() : []
  const before = takeInventory()
  const exchanges = mkdtempSync(join(tmpdir(), 'heddle-exchanges-'))
  process.env[FOLDER_VARIABLE] = exchanges
  try {
    if (runTests(files, runnerOptions) !== 0) failures.push('tests')
    if (!conforms(exchanges, args.length === 0)) failures.push('conformance')
  } finally {
    rmSync(exchanges, { recursive: true, force: true })
  }
  const leftovers = await leftoversSince(before)
  if (leftovers.length > 0) {
    console.error(describeLeftovers(leftovers))
    failures.push('something was left behind')
  }
  if (failures.length > 0) console.error(`\nfailed: ${failures.join(', ')}`)
  return failures.length > 0 ? 1 : 0
}

/** Only the whole suite is to have seen everything. */
function conforms(folder: string, isWholeSuite: boolean): boolean {
  const { exchangeCount, faults, unseen } = checkExchanges(readExchanges(folder))
  console.log(
    `conformance: ${exchangeCount} requests to the API and their answers held against the ` +
      'table of operations',
  )
  for (const fault of faults) console.error(`  ${fault}`)
  if (isWholeSuite) for (const outcome of unseen) console.error(`  never seen: ${outcome}`)
  return faults.length === 0 && (!isWholeSuite || unseen.length === 0)
}

function testFiles(patterns: string[]): string[] {
  const all = globSync(`{${FOLDERS.join(',')}}/**/*.test.ts`, {
    cwd: ROOT,
    exclude: ['**/node_modules'],
  }).sort()
  if (patterns.length === 0) return all
  const wanted = patterns.map((pattern) => pattern.replace(/^\.\//, ''))
  return all.filter((file) =>
    wanted.some((pattern) => file.includes(pattern) || matchesGlob(file, pattern)),
  )
}

function runTests(files: string[], options: string[]): number {
  const concurrency = Math.min(CONCURRENCY_MAX, Math.max(2, availableParallelism()))
  return runTool(
    'node',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...options,
    ...files,
  )
}
