// How a simulation ends, stopped or failed: step by step, each when the one before has been done.
// Owns the order and what each step does; never when an end begins (that is life-machine.ts).

import { assert } from '../../base/assert.ts'
import { type StartError, startErrorLines } from '../schema/start-error.ts'
import { changed, type Ending, type EndingStep, type Life, type LifeEffect, type Step } from './life.ts'

/** Who stops in order lets the last tick be finished, and apps say goodbye. */
const STEPS_OF_STOP: readonly EndingStep[] = [
  'settleStart',
  'cancelSnapshot',
  'finishClock',
  'shutDownApps',
  'clear',
  'closeLog',
  'end',
]

/** The world is saved before anything of it ends; whoever hears of the end finds why in the log. */
const STEPS_OF_FAILURE: readonly EndingStep[] = [
  'settleStart',
  'cancelSnapshot',
  'saveWorld',
  'sayWhy',
  'abandonApps',
  'finishClock',
  'clear',
  'closeLog',
  'end',
]

const IS_NEEDED: Partial<Record<EndingStep, (life: Life, ending: Ending) => boolean>> = {
  settleStart: ({ isStartSettled }) => !isStartSettled,
  cancelSnapshot: ({ status }) => status.snapshot !== undefined,
  saveWorld: ({ hasWorld }, { saves }) => hasWorld && saves,
  finishClock: ({ hasWorld }) => hasWorld,
  shutDownApps: ({ hasWorld }) => hasWorld,
  abandonApps: ({ hasWorld }) => hasWorld,
}

export function stop(life: Life, tick: number): Step {
  const ending: Ending = { outcome: 'STOPPED', errors: [], saves: false, left: STEPS_OF_STOP }
  const effects: LifeEffect[] = [
    { kind: 'breakOff', reason: 'the simulation is stopped' },
    { kind: 'note', text: 'simulation=STOPPING' },
  ]
  return onward({ ...changed(life, { status: 'STOPPING' }), ending }, effects, tick)
}

/** `saves`: what is committed is worth to be kept. */
export function fail(life: Life, errors: readonly StartError[], tick: number, { saves = false } = {}): Step {
  const ending: Ending = { outcome: 'FAILED', errors, saves, left: STEPS_OF_FAILURE }
  const reason = `the simulation has failed: ${startErrorLines(errors)}`
  return onward({ ...life, ending }, [{ kind: 'breakOff', reason }], tick)
}

/** On from the step that is waited for. Whatever answers another one changes nothing. */
export function afterStep(life: Life, step: EndingStep, tick: number, first?: LifeEffect): Step {
  if (life.ending?.step !== step) return { life, effects: [] }
  return onward(life, first ? [first] : [], tick)
}

/** The world of a simulation that fails is saved there; undefined where nothing took it. */
export function afterSaving(life: Life, savedWorld: string | undefined, tick: number): Step {
  if (life.ending?.step !== 'saveWorld' || savedWorld === undefined) return afterStep(life, 'saveWorld', tick)
  const saved = `; the world as of tick ${tick} is saved as ${savedWorld}`
  const errors = life.ending.errors.map((error) => ({
    ...error,
    errorMessage: `${error.errorMessage}${saved}`,
    savedWorld,
  }))
  return onward({ ...life, ending: { ...life.ending, errors } }, [], tick)
}

/** As far as it goes without waiting. */
function onward(life: Life, effects: readonly LifeEffect[], tick: number): Step {
  const ending = life.ending!
  const at = ending.left.findIndex((next) => IS_NEEDED[next]?.(life, ending) ?? true)
  assert(at >= 0, 'an end is the last of its steps')
  const step = ending.left[at]
  const next: Life = { ...life, ending: { ...ending, step, left: ending.left.slice(at + 1) } }
  const note = (text: string): LifeEffect => ({ kind: 'note', text })
  switch (step) {
    case 'settleStart':
      return { life: next, effects }
    case 'sayWhy': {
      const text = `simulation=FAILED ${startErrorLines(ending.errors)}`
      return onward(next, [...effects, { kind: 'error', text }], tick)
    }
    case 'closeLog':
      return {
        life: next,
        effects: [...effects, note(`simulation=${ending.outcome}`), { kind: step }],
      }
    case 'end':
      return { life: ended(next, tick), effects: [...effects, { kind: 'end' }] }
    case 'finishClock': {
      // A tick that waits for an app that failed for good would never be finished.
      const force = ending.outcome === 'FAILED' || life.isHeld
      return { life: next, effects: [...effects, { kind: step, force }] }
    }
    default:
      return { life: next, effects: [...effects, { kind: step }] }
  }
}

function ended(life: Life, tick: number): Life {
  const { outcome, errors } = life.ending!
  const { step: _none, ...ending } = life.ending!
  return {
    ...changed(life, {
      status: outcome,
      tick,
      snapshot: undefined,
      clock: { status: 'STOPPED', targetStatus: 'STOPPED' },
      apps: life.hasWorld ? life.status.apps : [],
      ...(outcome === 'FAILED' && { startErrors: [...errors] }),
    }),
    ending,
  }
}
