import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { portsWantedByOthers } from './wanted-ports.ts'

test('simulations that restart keep their ports until they have ended', async (context) => {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-ports-'))
  context.after(() => rmSync(parent, { recursive: true }))
  const lay = (name: string, port: number, restartOnLoss: boolean, status: string) => {
    const folder = join(parent, name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'plan.json'), JSON.stringify({ tags: { restartOnLoss } }))
    const targetStatus = 'STARTED'
    const app = { domain: 'View', lifecycle: 'ByRequest', status: 'STARTED' }
    const at = (actual: number) => ({ ports: [{ declared: 7000, actual }] })
    const apps = [
      { ...app, name: 'eye', targetStatus, endpoint: at(port) },
      { ...app, name: 'none', targetStatus },
      { ...app, name: 'ended', targetStatus: 'STOPPED', endpoint: at(port + 100) },
    ]
    writeFileSync(join(folder, 'status.json'), JSON.stringify({ status, apps }))
  }
  lay('own', 7000, true, 'STARTED')
  lay('running', 7001, true, 'STARTED')
  lay('coming-back', 7002, true, 'STARTING')
  lay('failed', 7003, true, 'FAILED')
  lay('not-coming-back', 7004, false, 'STARTED')
  lay('stopping', 7005, true, 'STOPPING')
  mkdirSync(join(parent, 'empty'))
  mkdirSync(join(parent, 'damaged'))
  writeFileSync(join(parent, 'damaged', 'plan.json'), '{"tags":')
  assert.deepEqual(
    await portsWantedByOthers({ runFolder: join(parent, 'own') }),
    new Set([7001, 7002]),
  )
})
