import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LocalHost } from './local-host.ts'
import { testHost } from './testing/host-contract.ts'
import { scriptedMemoryHost } from './testing/scripted-memory-host.ts'

const program = fileURLToPath(new URL('./testing/scripted-worker.ts', import.meta.url))

testHost('processes of this machine', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-h-'))
  const host = new LocalHost({
    run: join(folder, 'run'),
    logs: join(folder, 'logs'),
    fabricFolder: join(folder, 'fabric'),
    closedFolders: [folder],
    program,
  })
  return {
    host,
    async [Symbol.asyncDispose]() {
      for (const { executionId } of await host.list()) await host.end(executionId)
      await rm(folder, { recursive: true })
    },
  }
})

testHost('memory', async () => {
  const host = scriptedMemoryHost()
  return {
    host,
    async [Symbol.asyncDispose]() {
      for (const { executionId } of await host.list()) await host.end(executionId)
    },
  }
})
