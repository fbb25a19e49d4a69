// The life of a simulation as a machine: a state and an event give the next state and the effects.
// Owns what follows what (docs/decisions/life-as-a-machine.md); performs nothing itself.
// The driver passes each event when it happens (`step`), shows the status, and performs the effects
// in order. An event that nothing waits for changes nothing.

import type { ObjectLocation } from '../../base/object-location.ts'
import { s3Uri } from '../../base/s3-uri.ts'
import type { StartError } from '../schema/start-error.ts'
import type { AppState, WorkerStatus } from '../wire/worker-protocol.ts'
import { refuseCommand } from './command-refusals.ts'
import { afterSaving, afterStep, fail, stop } from './ending.ts'
import {
  changed,
  type Life,
  type LifeEffect,
  type LifeEvent,
  type LifeOptions,
  type Step,
} from './life.ts'
import { restartText } from './lost-worker.ts'
import { isFinal } from './simulation.ts'

/** `begin` is what is known at the start: nothing, or what the last worker left. */
export function beginLife(options: LifeOptions, begin: WorkerStatus, workerPid: number): Life {
  const life = { options, status: begin, isStartSettled: false, hasWorld: false, isHeld: false }
  return changed(life, { workerPid })
}

/** `tick` is the newest committed one. */
export function step(life: Life, event: LifeEvent, tick: number): Step {
  if (event.kind === 'asked') return ask(life, event, tick)
  if (event.kind === 'snapshotDue') return saveInRhythm(life, event, tick)
  return isFinal(life.status.status) ? nothing(life) : HAPPENINGS[event.kind](life, event, tick)
}

type Happening = Exclude<LifeEvent, { kind: 'asked' | 'snapshotDue' }>
type Handler<Kind> = (life: Life, event: Extract<LifeEvent, { kind: Kind }>, tick: number) => Step

const HAPPENINGS = {
  described: (life, { domains, logGroup }) => nothing(changed(life, { domains, logGroup })),
  worldMade: (life, { from }) => nothing({ ...life, hasWorld: true, ...(from && { from }) }),
  launched: (life, _event, tick) => {
    if (life.isStartSettled) return nothing(life)
    const settled = { ...life, isStartSettled: true }
    if (life.ending) return afterStep(settled, 'settleStart', tick)
    return { life: settled, effects: [{ kind: 'startRhythm' }] }
  },
  startFailed: (life, { errors }, tick) => {
    if (life.isStartSettled) return nothing(life)
    const settled = { ...life, isStartSettled: true }
    return life.ending ? afterStep(settled, 'settleStart', tick) : fail(settled, errors, tick)
  },
  appsChanged,
  appFailed: (life, { app, reason }, tick) => {
    if (life.ending) return nothing(life)
    const errors = [appFailure(app, reason)]
    if (life.status.status === 'STARTING') return fail(life, errors, tick)
    if (life.options.holdsOnAppFailure) return hold(life, app)
    return fail(life, errors, tick, { saves: true })
  },
  appRestarted: (life, { domain, name, package: location }) => {
    const packages = location !== undefined && { ...life.status.packages, [domain]: location }
    const from = location === undefined ? '' : ` from ${location}`
    return {
      life: packages ? changed(life, { packages }) : life,
      effects: [note(`app=${name} domain=${domain} is started again${from}`)],
    }
  },
  clockIs: (life, { status }) => {
    const { clock } = life.status
    // While the simulation is held, its clock shows as stopped; it changes when the simulation goes
    // on.
    if (life.ending || life.isHeld || clock.targetStatus !== status) return nothing(life)
    return {
      life: changed(life, { clock: { ...clock, status } }),
      effects: [note(`clock=${status}`)],
    }
  },
  clockFailed: (life, { reason }, tick) => {
    if (life.ending) return nothing(life)
    const errorMessage = `the clock failed: ${reason}`
    return fail(life, [{ errorType: 'InternalError', errorMessage }], tick)
  },
  snapshotCopied: (life, { tick }) => {
    const { snapshot } = life.status
    return nothing(snapshot ? changed(life, { snapshot: { ...snapshot, tick } }) : life)
  },
  snapshotMade,
  durationOver: (life, _event, tick) => {
    // It ends the simulation, but neither its start nor a snapshot. After these it is watched
    // again.
    if (life.ending || life.status.status !== 'STARTED') return nothing(life)
    const { life: next, effects } = stop(life, tick)
    return { life: next, effects: [note('the maximum duration is over'), ...effects] }
  },
  done: (life, { step, savedAs }, tick) =>
    step === 'saveWorld' ? afterSaving(life, savedAs, tick) : afterStep(life, step, tick),
  stepFailed: (life, { step, reason }, tick) =>
    afterStep(life, step, tick, { kind: 'error', text: `the end is not in order: ${reason}` }),
} satisfies { [Kind in Happening['kind']]: Handler<Kind> } as {
  [Kind in Happening['kind']]: Handler<Happening['kind']>
}

function ask(life: Life, { command }: Extract<LifeEvent, { kind: 'asked' }>, tick: number): Step {
  if (command.command === 'stop') return life.ending ? nothing(life) : stop(life, tick)
  const refusal = refuseCommand(life, command)
  if (refusal) return { life, effects: [], refusal }
  switch (command.command) {
    case 'startClock':
      return setClock(life, 'STARTED')
    case 'stopClock':
      return setClock(life, 'STOPPED')
    case 'startApp':
      return { life, effects: [{ kind: 'startApp', app: command }] }
    case 'restartApp': {
      const { domain, name, package: location } = command
      return { life, effects: [{ kind: 'restartApp', domain, name, package: location }] }
    }
    case 'createSnapshot':
      return takeSnapshot(life, command.location, tick, false)
    default: {
      const { command: kind, domain, name } = command
      return { life, effects: [{ kind, domain, name }] }
    }
  }
}

function saveInRhythm(
  life: Life,
  { location, tick = -1 }: Extract<LifeEvent, { kind: 'snapshotDue' }>,
  newestTick: number,
): Step {
  const refusal = refuseCommand(life, { command: 'createSnapshot', location })
  if (refusal) return { life, effects: [], refusal }
  return takeSnapshot(life, location, tick < 0 ? newestTick : tick, true)
}

function takeSnapshot(
  life: Life,
  location: ObjectLocation,
  tick: number,
  isAutomatic: boolean,
): Step {
  return {
    life: changed(life, { status: 'SNAPSHOT_IN_PROGRESS', snapshot: { location, tick } }),
    effects: [{ kind: 'makeSnapshot', location, isAutomatic }],
  }
}

function snapshotMade(
  life: Life,
  { outcome }: Extract<LifeEvent, { kind: 'snapshotMade' }>,
  tick: number,
): Step {
  const { snapshot } = life.status
  if (!snapshot) return nothing(life)
  const where = s3Uri(snapshot.location)
  const said: LifeEffect =
    'error' in outcome
      ? { kind: 'error', text: `snapshot=${where} failed: ${outcome.error}` }
      : note(
          `snapshot=${where} snapshot-tick=${snapshot.tick} entities=${outcome.entities} ` +
            `bytes=${outcome.bytes} state-hash=${outcome.stateHash}`,
        )
  const lastSnapshot =
    'error' in outcome
      ? { ...snapshot, bytes: 0, error: outcome.error }
      : { ...snapshot, bytes: outcome.bytes }
  if (!life.ending)
    return {
      life: changed(life, { status: 'STARTED', snapshot: undefined, lastSnapshot }),
      effects: [said, { kind: 'watchDuration' }],
    }
  // The failure of a snapshot that the end has cancelled is not reported.
  const isNews = !('error' in outcome)
  const next = changed(life, { snapshot: undefined, ...(isNews && { lastSnapshot }) })
  return afterStep(next, 'cancelSnapshot', tick, isNews ? said : undefined)
}

function appsChanged(
  life: Life,
  { apps, areReady }: Extract<LifeEvent, { kind: 'appsChanged' }>,
  tick: number,
): Step {
  const next = changed(life, { apps })
  if (next.ending) return nothing(next)
  if (next.isHeld) return lookAfterHeld(next)
  if (next.status.status !== 'STARTING' || !areReady) return nothing(next)
  const started = changed(next, { status: 'STARTED' })
  const effects: LifeEffect[] = [note('simulation=STARTED')]
  const back = next.options.isComingBack ? comeBack(started, tick) : nothing(started)
  return { life: back.life, effects: [...effects, ...back.effects, { kind: 'watchDuration' }] }
}

/** Replaces a lost worker: reports the loss, and starts the clock again. */
function comeBack(life: Life, tick: number): Step {
  const { restarts = [], clock } = life.status
  const lost = restarts.at(-1)
  const clockEffects: LifeEffect[] =
    clock.targetStatus === 'STARTED' ? [{ kind: 'startClock' }] : []
  if (!lost) return { life, effects: clockEffects }
  const back = { tick, ...(life.from && { from: life.from }) }
  const restart = { ...lost, lostAtTick: Math.max(lost.lostAtTick, tick), back }
  return {
    life: changed(life, { restarts: restarts.with(-1, restart) }),
    effects: [
      { kind: 'error', text: `${restartText(restart)}; why: ${lost.reason}` },
      ...clockEffects,
    ],
  }
}

/**
 * The tick that waits for the app never ends: the world stays as last committed until the app is
 * started again.
 */
function hold(life: Life, { domain, name }: AppState): Step {
  const { clock, apps } = life.status
  const patch = { clock: { ...clock, status: 'STOPPED' as const }, startErrors: failuresOf(apps) }
  const text =
    `simulation is held for app=${name} domain=${domain}: 'heddle app restart ` +
    `${life.options.simulationName} ${domain} ${name}' lets it go on`
  return { life: changed({ ...life, isHeld: true }, patch), effects: [{ kind: 'error', text }] }
}

/** Reports the apps that hold it, and lets it go on once there are none. */
function lookAfterHeld(life: Life): Step {
  const { apps, clock } = life.status
  const startErrors = failuresOf(apps)
  if (neededOf(apps).some(({ status }) => status !== 'STARTED'))
    return nothing(changed(life, { startErrors }))
  const goesOn = { startErrors, clock: { ...clock, status: clock.targetStatus } }
  return {
    life: changed({ ...life, isHeld: false }, goesOn),
    effects: [note('simulation goes on')],
  }
}

/** The apps that the simulation needs: all but custom apps. */
function neededOf(apps: readonly AppState[]): AppState[] {
  return apps.filter(({ lifecycle }) => lifecycle !== 'ByRequest')
}

function failuresOf(apps: readonly AppState[]): StartError[] {
  return neededOf(apps).flatMap((app) =>
    app.failure === undefined ? [] : [appFailure(app, app.failure)],
  )
}

function setClock(life: Life, targetStatus: 'STARTED' | 'STOPPED'): Step {
  if (life.status.clock.targetStatus === targetStatus) return nothing(life)
  const onTheWay = targetStatus === 'STARTED' ? 'STARTING' : 'STOPPING'
  const status = life.isHeld ? 'STOPPED' : onTheWay
  return {
    life: changed(life, { clock: { status, targetStatus } }),
    effects: [{ kind: targetStatus === 'STARTED' ? 'startClock' : 'stopClock' }],
  }
}

function appFailure({ name, domain }: AppState, reason: string): StartError {
  return {
    errorType: 'AppFailed',
    errorMessage: `app '${name}' of domain '${domain}' failed again and again: ${reason}`,
  }
}

function note(text: string): LifeEffect {
  return { kind: 'note', text }
}

function nothing(life: Life): Step {
  return { life, effects: [] }
}
