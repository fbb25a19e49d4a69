// What a simulation's worker refuses in its present state, and the messages.
// Owns these answers while a worker lives; without a worker, apps.ts does.

import type { Refusal } from '../wire/worker-protocol.ts'
import { findApp, refuseUnlessCustom } from './apps.ts'
import type { ChangingCommand, Life } from './life.ts'

/** Returns undefined if the command is accepted. A stop is never refused. */
export function refuseCommand(life: Life, command: ChangingCommand): Refusal | undefined {
  if (command.command === 'stop') return undefined
  const { status, snapshot } = life.status
  const name = life.options.simulationName
  if (life.ending || (status !== 'STARTED' && status !== 'SNAPSHOT_IN_PROGRESS'))
    return conflict(
      `simulation '${name}' is ${life.ending?.step ? 'STOPPING' : status}, not STARTED`,
    )
  switch (command.command) {
    case 'createSnapshot':
      return snapshot && conflict(`a snapshot of simulation '${name}' is being made already`)
    case 'startClock':
    case 'startApp':
      if (!life.isHeld) return undefined
      return conflict(
        `simulation '${name}' is held, because an app that it needs is in ERROR: ` +
          `start that again with 'heddle app restart'`,
      )
    case 'stopApp':
    case 'deleteApp':
    case 'restartApp':
      return refuseForApp(life, command)
    default:
      return undefined
  }
}

type AppCommand = Extract<ChangingCommand, { command: 'stopApp' | 'deleteApp' | 'restartApp' }>

function refuseForApp(life: Life, { command, domain, name }: AppCommand): Refusal | undefined {
  const simulation = {
    name: life.options.simulationName,
    targetStatus: 'STARTED' as const,
    workerStatus: life.status,
  }
  const found = findApp(simulation, domain, name)
  if ('refusal' in found) return found.refusal
  const { status } = found.app
  if (command === 'restartApp')
    return status === 'ERROR'
      ? undefined
      : conflict(`app '${name}' is ${status}: only an app in ERROR is started again`)
  const refusal = refuseUnlessCustom(found.app, command === 'stopApp' ? 'StopApp' : 'DeleteApp')
  if (refusal || command === 'stopApp' || status === 'STOPPED' || status === 'ERROR') return refusal
  return conflict(`app '${name}' is ${status}: stop it before you delete it`)
}

function conflict(message: string): Refusal {
  return { error: 'ConflictException', message }
}
