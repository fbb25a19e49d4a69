// `heddle snapshot export`: the entities of a snapshot as one file for other tools. Owns the order
// and the file, which appears under its name when it is complete. Each format writes rows itself.

import { access, constants, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command, Option } from 'commander'
import type { ConnectionOptions } from './api/connection.ts'
import { withProgress } from './api/progress.ts'
import { removeAtEnd } from './ending.ts'
import { type ExportField, exportFields } from './export-columns.ts'
import { fileFault } from './file-fault.ts'
import type { RowWriter } from './row-writer.ts'
import {
  addSourceOptions,
  percent,
  SNAPSHOT_ARGUMENT,
  SNAPSHOT_DESCRIPTION,
  withSnapshot,
} from './snapshot-source.ts'

interface ExportOptions extends ConnectionOptions {
  format: 'parquet' | 'csv'
  out: string
  json?: boolean
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description('write the entities of a snapshot to one file for other tools')
    .argument(`<${SNAPSHOT_ARGUMENT}>`, SNAPSHOT_DESCRIPTION)
    .addOption(
      new Option('--format <name>', 'format of the file')
        .choices(['parquet', 'csv'])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'the file to write; replaced if it exists')
    .option('--json', 'print the result as JSON')
  return addSourceOptions(command).action(async (from: string, options: ExportOptions) => {
    await requirePlace(options.out)
    await withSnapshot(from, options, (file) => exportTo(from, file, options))
  })
}

/**
 * Checks this before a large snapshot is read in vain. Throws an error that names the folder or the
 * file.
 */
async function requirePlace(out: string): Promise<void> {
  const folder = dirname(out)
  // With the dot, the system refuses a file as a folder.
  await access(`${folder}/.`, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw new Error(`nothing can be written into the folder ${folder}: ${fileFault(cause)}`, {
      cause,
    })
  })
  const found = await stat(out).catch(() => undefined)
  if (found?.isDirectory() === true) throw new Error(`${out} is a folder; --out names a file`)
}

async function exportTo(
  name: string,
  file: string,
  { format, out, json }: ExportOptions,
): Promise<void> {
  const { readSnapshot } = await import('../joints/snapshot/snapshot-file.ts')
  const entities = await withProgress(
    `${name} is being exported`,
    undefined,
    async ({ onProgress }) => {
      const say = (what: string) => (done: number, of: number) =>
        onProgress?.({ status: `${what} ${percent(done, of)} of ${of} entities`, elapsedMs: 0 })
      const snapshot = await readSnapshot(file, { onProgress: say('checked') })
      const unfinished = `${out}.part-${process.pid}`
      removeAtEnd(unfinished)
      try {
        const fields = exportFields(snapshot.partitions)
        const writer = await openWriter(format, unfinished, fields)
        try {
          let written = 0
          for (const partition of snapshot.partitions) {
            await writer.add(await partition.load())
            written += partition.rows
            say('wrote')(written, snapshot.entities)
          }
          await writer.finish()
        } catch (error) {
          await writer.abandon()
          throw error
        }
        await rename(unfinished, out)
      } finally {
        await rm(unfinished, { force: true })
        await snapshot.close()
      }
      return snapshot.entities
    },
  )
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ file: out, format, entities })}\n`
      : `${entities} entities: ${out}\n`,
  )
}

async function openWriter(
  format: ExportOptions['format'],
  file: string,
  fields: ExportField[],
): Promise<RowWriter> {
  // Loaded only if needed: the library for Parquet is large.
  if (format === 'parquet') return (await import('./export-parquet.ts')).openParquet(file, fields)
  return (await import('./export-csv.ts')).openCsv(file, fields)
}
