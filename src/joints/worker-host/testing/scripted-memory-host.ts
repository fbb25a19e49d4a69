// A host in memory whose workers play their part, for tests of control and of hosts.
// Owns how a part is played without a process.

import { MemoryHost } from '../memory-host.ts'
import { ScriptedSimulation } from './scripted-simulation.ts'

const NEVER = new Promise<never>(() => undefined)

export function scriptedMemoryHost(): MemoryHost {
  const host: MemoryHost = new MemoryHost(async (desk) => {
    const { executionId } = desk.plan
    let fail: (error: Error) => void = () => undefined
    const died = new Promise<never>((_, reject) => {
      fail = reject
    })
    const simulation = new ScriptedSimulation({
      plan: desk.plan,
      workerPid: 0,
      serve(onRequest) {
        desk.commit(0)
        return desk.serve(onRequest)
      },
      leave: (status) => desk.leave(status),
      told: () => NEVER,
      async die(exitCode) {
        if (exitCode === undefined) void host.end(executionId)
        else fail(new Error(`with exit code ${exitCode}`))
        return NEVER
      },
    })
    await Promise.race([simulation.play(), died])
    desk.commit(undefined)
  })
  return host
}
