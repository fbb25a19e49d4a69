// `heddle snapshot verify`: whether a start would refuse a snapshot. Owns the order of the checks,
// which are those of a start: the file, its schema, the place of each entity in it.

import { Command } from 'commander'
import type { ConnectionOptions } from './api/connection.ts'
import { withProgress } from './api/progress.ts'
import {
  addSourceOptions,
  percent,
  SNAPSHOT_ARGUMENT,
  SNAPSHOT_DESCRIPTION,
  withSnapshot,
} from './snapshot-source.ts'

interface VerifyOptions extends ConnectionOptions {
  json?: boolean
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('check a whole snapshot as a start does, and report faults')
    .argument(`<${SNAPSHOT_ARGUMENT}>`, SNAPSHOT_DESCRIPTION)
    .option('--json', 'print the result as JSON')
  return addSourceOptions(command).action((from: string, options: VerifyOptions) =>
    withSnapshot(from, options, (file) => verify(from, file, options)),
  )
}

async function verify(name: string, file: string, options: VerifyOptions): Promise<void> {
  // Loaded only by commands that read snapshots, because loading takes time.
  const [{ readSnapshot }, { refusePlaces }, { parseSchema }, { HEDDLE_LIMITS }] =
    await Promise.all([
      import('../joints/snapshot/snapshot-file.ts'),
      import('../joints/snapshot/refuse-places.ts'),
      import('../core/schema/parse-schema.ts'),
      import('../core/schema/schema-limits.ts'),
    ])
  await withProgress(`${name} is being checked`, undefined, async ({ onProgress }) => {
    const snapshot = await readSnapshot(file, {
      onProgress: (checked, of) =>
        onProgress?.({ status: `${percent(checked, of)} of ${of} entities`, elapsedMs: 0 }),
    })
    try {
      // The Heddle that starts the snapshot decides where packages may be.
      const parsed = parseSchema(snapshot.header.schemaText, {
        limits: { ...HEDDLE_LIMITS, packageFolders: ['/'] },
      })
      if ('errors' in parsed)
        throw new Error(
          parsed.errors.map((each) => `${each.errorType}: ${each.errorMessage}`).join('\n'),
        )
      const refusal = await refusePlaces(parsed.schema, snapshot)
      if (refusal !== undefined) throw new Error(`SnapshotInvalid: ${refusal}`)
      const { simulationName, tick, stateHash } = snapshot.header
      const { entities } = snapshot
      const outcome = { simulation: simulationName, tick, entities, stateHash }
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(outcome)}\n`
          : `whole: tick ${tick} of ${simulationName}, ${entities} entities, ` +
              `state hash ${stateHash}\n`,
      )
    } finally {
      await snapshot.close()
    }
  })
}
