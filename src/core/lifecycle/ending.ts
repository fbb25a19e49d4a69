// How a simulation ends, stopped or failed: step by step, each after the one before is done.
// Owns the order and what each step does; life-machine.ts decides when an end begins.

import { assert } from '../../base/assert.ts'
import { type StartError, startErrorLines } from '../schema/start-error.ts'
import {
  changed,
  type Ending,
  type EndingStep,
  type Life,
  type LifeEffect,
  type Step,
} from './life.ts'

/** A stop lets the current tick finish and the apps shut down. */
const STEPS_OF_STOP: readonly EndingStep[] = [
  'settleStart',
  'cancelSnapshot',
  'finishClock',
  'shutDownApps',
  'clear',
  'closeLog',
  'end',
]

/** A failure saves the world first, and logs the reason before the end is reported. */
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

/** With `saves`, the committed world is saved first. */
export function fail(
  life: Life,
  errors: readonly StartError[],
  tick: number,
  { saves = false } = {},
): Step {
  const ending: Ending = { outcome: 'FAILED', errors, saves, left: STEPS_OF_FAILURE }
  const reason = `the simulation has failed: ${startErrorLines(errors)}`
  return onward({ ...life, ending }, [{ kind: 'breakOff', reason }], tick)
}

/** Continues after the step that is waited for. Answers to other steps have no effect. */
export function afterStep(life: Life, step: EndingStep, tick: number, first?: LifeEffect): Step {
  if (life.ending?.step !== step) return { life, effects: [] }
  return onward(life, first ? [first] : [], tick)
}

/** `savedWorld` is where the failed world is saved; undefined if it could not be saved. */
export function afterSaving(life: Life, savedWorld: string | undefined, tick: number): Step {
  if (life.ending?.step !== 'saveWorld' || savedWorld === undefined)
    return afterStep(life, 'saveWorld', tick)
  const saved = `; the world as of tick ${tick} is saved as ${savedWorld}`
  const errors = life.ending.errors.map((error) => ({
    ...error,
    errorMessage: `${error.errorMessage}${saved}`,
    savedWorld,
  }))
  return onward({ ...life, ending: { ...life.ending, errors } }, [], tick)
}

/** Takes steps until one has to be waited for. */
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
      // A tick would never finish if it waits for an app that failed for good.
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
