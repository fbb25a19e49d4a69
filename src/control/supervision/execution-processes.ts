// The processes of an execution, found by the mark that a worker and its apps carry in their environment.
// Owns nothing but the bridge; control itself never carries the mark.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Processes } from './supervisor.ts'

export const executionProcesses: Processes = {
  async kill(executionId) {
    for (;;) {
      const pids = find(executionId)
      if (pids.length === 0) return
      for (const pid of pids) endProcess(pid)
      await sleep(10)
    }
  },
}

function find(executionId: string): number[] {
  const mark = `HEDDLE_EXECUTION_ID=${executionId}\0`
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && environmentOf(entry).includes(mark))
    .map(Number)
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return '' // ended, or not ours
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
