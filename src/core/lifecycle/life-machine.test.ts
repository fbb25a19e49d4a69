import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StartError } from '../schema/start-error.ts'
import type { AppState, SimulationStatus, WorkerStatus } from '../wire/worker-protocol.ts'
import type { ChangingCommand, Life, LifeEffect, LifeEvent, LifeOptions, Step } from './life.ts'
import { beginLife, step } from './life-machine.ts'
import { emptyStatus } from './simulation.ts'

const location = { bucket: 'worlds', key: 'one.zip' }
const WHERE = 's3://worlds/one.zip'
const outcome = { bytes: 9, entities: 3, stateHash: 'ab' }
const wrong: StartError = { errorType: 'SchemaNotFound', errorMessage: 'there is none' }

function app(name: string, status: AppState['status'], more: Partial<AppState> = {}): AppState {
  return {
    ...{ domain: 'Cells', name, lifecycle: 'BySpatialSubdivision', status },
    ...{ targetStatus: 'STARTED', ...more },
  }
}

const asked = (command: ChangingCommand): LifeEvent => ({ kind: 'asked', command })
const apps = (...all: AppState[]): LifeEvent => ({
  kind: 'appsChanged',
  apps: all,
  areReady: all.every(({ status }) => status === 'STARTED'),
})
const started: LifeEvent[] = [
  {
    kind: 'described',
    domains: [{ name: 'Cells', lifecycle: 'BySpatialSubdivision' }],
    logGroup: undefined,
  },
  { kind: 'worldMade' },
  apps(app('a', 'STARTING')),
  { kind: 'launched' },
  apps(app('a', 'STARTED')),
]
const failedApp = app('a', 'ERROR', { failure: 'it exited' })
const appFailed: LifeEvent = { kind: 'appFailed', app: failedApp, reason: 'it exited' }
const snapshot = asked({ command: 'createSnapshot', location })

/** Returns a line for each event: the status after it, and the effects. */
function livesThrough(
  events: LifeEvent[],
  options: Partial<LifeOptions> = {},
  last?: WorkerStatus,
) {
  const all = { simulationName: 'w', isComingBack: false, holdsOnAppFailure: false, ...options }
  let life = beginLife(all, last ?? emptyStatus('e-1'), 7)
  const lines = events.map((event) => {
    const next = step(life, event, 40)
    life = next.life
    return [
      ...[lineOf(event), '→', life.status.status],
      ...(next.refusal ? [`refused: ${next.refusal.message}`] : []),
      ...next.effects.map((effect) => `| ${effectLine(effect)}`),
    ].join(' ')
  })
  return { life, lines }
}

function lineOf(event: LifeEvent): string {
  if (event.kind === 'asked') return event.command.command
  if (event.kind === 'done' || event.kind === 'stepFailed') return `${event.kind} ${event.step}`
  return event.kind
}

function effectLine(effect: LifeEffect): string {
  if (effect.kind === 'note' || effect.kind === 'error') return effect.text
  return effect.kind === 'finishClock' && effect.force ? 'finishClock by force' : effect.kind
}

test('a simulation starts, stops, and ends all its parts in order', () => {
  const done = (step: Extract<LifeEvent, { kind: 'done' }>['step']): LifeEvent => ({
    kind: 'done',
    step,
  })
  const { life, lines } = livesThrough([
    ...started,
    asked({ command: 'startClock' }),
    { kind: 'clockIs', status: 'STARTED' },
    asked({ command: 'startClock' }),
    asked({ command: 'stop' }),
    asked({ command: 'stop' }),
    asked({ command: 'stopClock' }),
    done('shutDownApps'),
    done('finishClock'),
    done('shutDownApps'),
    apps(app('a', 'STOPPED')),
    done('clear'),
    done('closeLog'),
    asked({ command: 'stopClock' }),
    { kind: 'clockFailed', reason: 'late' },
  ])
  assert.deepEqual(lines, [
    'described → STARTING',
    'worldMade → STARTING',
    'appsChanged → STARTING',
    'launched → STARTING | startRhythm',
    'appsChanged → STARTED | simulation=STARTED | watchDuration',
    'startClock → STARTED | startClock',
    'clockIs → STARTED | clock=STARTED',
    'startClock → STARTED',
    'stop → STOPPING | breakOff | simulation=STOPPING | finishClock',
    'stop → STOPPING',
    "stopClock → STOPPING refused: simulation 'w' is STOPPING, not STARTED",
    'done shutDownApps → STOPPING',
    'done finishClock → STOPPING | shutDownApps',
    'done shutDownApps → STOPPING | clear',
    'appsChanged → STOPPING',
    'done clear → STOPPING | simulation=STOPPED | closeLog',
    'done closeLog → STOPPED | end',
    "stopClock → STOPPED refused: simulation 'w' is STOPPED, not STARTED",
    'clockFailed → STOPPED',
  ])
  assert.equal(life.status.tick, 40)
  assert.deepEqual(life.status.clock, { status: 'STOPPED', targetStatus: 'STOPPED' })
  assert.deepEqual(
    life.status.apps.map(({ status }) => status),
    ['STOPPED'],
  )
})

test('a stop cancels the start and waits for it, however far it has come', () => {
  for (const [settled, then] of [
    [{ kind: 'startFailed', errors: [wrong] }, 'startFailed → STOPPING | clear'],
    [{ kind: 'launched' }, 'launched → STOPPING | clear'],
  ] as const)
    assert.deepEqual(livesThrough([asked({ command: 'stop' }), settled, settled]).lines, [
      'stop → STOPPING | breakOff | simulation=STOPPING',
      then,
      `${settled.kind} → STOPPING`,
    ])
})

test('a failed start says why, and leaves nothing', () => {
  const { life, lines } = livesThrough([
    { kind: 'startFailed', errors: [wrong] },
    { kind: 'appFailed', app: failedApp, reason: 'late' },
    { kind: 'done', step: 'clear' },
    { kind: 'done', step: 'closeLog' },
  ])
  assert.deepEqual(lines, [
    'startFailed → STARTING | breakOff | simulation=FAILED SchemaNotFound: there is none | clear',
    'appFailed → STARTING',
    'done clear → STARTING | simulation=FAILED | closeLog',
    'done closeLog → FAILED | end',
  ])
  assert.deepEqual(life.status.startErrors, [wrong])
})

test('a failure while apps are launched ends the start once that is settled', () => {
  const failures: [LifeEvent, string][] = [
    [appFailed, "AppFailed: app 'a' of domain 'Cells' failed again and again: it exited"],
    [{ kind: 'clockFailed', reason: 'broken' }, 'InternalError: the clock failed: broken'],
  ]
  for (const [failure, reason] of failures)
    assert.deepEqual(livesThrough([{ kind: 'worldMade' }, failure, { kind: 'launched' }]).lines, [
      'worldMade → STARTING',
      `${failure.kind} → STARTING | breakOff`,
      `launched → STARTING | simulation=FAILED ${reason} | abandonApps`,
    ])
})

test('a world is saved before it fails because of an app, and the failure names the place', () => {
  const saved: LifeEvent = { kind: 'done', step: 'saveWorld', savedAs: WHERE }
  const { life, lines } = livesThrough([
    ...started,
    snapshot,
    apps(failedApp),
    appFailed,
    { kind: 'snapshotMade', outcome: { error: 'cancelled' } },
    saved,
    { kind: 'done', step: 'abandonApps' },
    { kind: 'stepFailed', step: 'finishClock', reason: 'the thread is stuck' },
    { kind: 'done', step: 'clear' },
    { kind: 'done', step: 'closeLog' },
  ])
  const why =
    "app 'a' of domain 'Cells' failed again and again: it exited; " +
    'the world as of tick 40 is saved as s3://worlds/one.zip'
  assert.deepEqual(lines.slice(started.length), [
    'createSnapshot → SNAPSHOT_IN_PROGRESS | makeSnapshot',
    'appsChanged → SNAPSHOT_IN_PROGRESS',
    'appFailed → SNAPSHOT_IN_PROGRESS | breakOff | cancelSnapshot',
    'snapshotMade → SNAPSHOT_IN_PROGRESS | saveWorld',
    `done saveWorld → SNAPSHOT_IN_PROGRESS | simulation=FAILED AppFailed: ${why} | abandonApps`,
    'done abandonApps → SNAPSHOT_IN_PROGRESS | finishClock by force',
    'stepFailed finishClock → SNAPSHOT_IN_PROGRESS | the end is not in order: the thread ' +
      'is stuck | clear',
    'done clear → SNAPSHOT_IN_PROGRESS | simulation=FAILED | closeLog',
    'done closeLog → FAILED | end',
  ])
  assert.deepEqual(life.status.startErrors, [
    { errorType: 'AppFailed', errorMessage: why, savedWorld: WHERE },
  ])
  assert.equal(life.status.snapshot, undefined)
  assert.equal(life.status.lastSnapshot, undefined)
})

test('a held world waits for an app, and goes on when all that it needs run', () => {
  const second = app('b', 'ERROR', { failure: 'so did it' })
  const { life, lines } = livesThrough(
    [
      ...started,
      asked({ command: 'startClock' }),
      apps(failedApp, app('b', 'STARTED')),
      appFailed,
      { kind: 'clockIs', status: 'STARTED' },
      asked({ command: 'startApp', domain: 'View', name: 'v' }),
      asked({ command: 'startClock' }),
      asked({ command: 'restartApp', domain: 'Cells', name: 'b' }),
      apps(failedApp, second),
      { kind: 'appFailed', app: second, reason: 'so did it' },
      asked({ command: 'restartApp', domain: 'Cells', name: 'a', package: WHERE }),
      { kind: 'appRestarted', domain: 'Cells', name: 'a', package: WHERE },
      apps(app('a', 'STARTED'), second),
    ],
    { holdsOnAppFailure: true },
  )
  const held =
    "simulation 'w' is held, because an app that it needs is in ERROR: start that again " +
    "with 'heddle app restart'"
  assert.deepEqual(lines.slice(started.length + 2), [
    "appFailed → STARTED | simulation is held for app=a domain=Cells: 'heddle app " +
      "restart w Cells a' lets it go on",
    'clockIs → STARTED',
    `startApp → STARTED refused: ${held}`,
    `startClock → STARTED refused: ${held}`,
    "restartApp → STARTED refused: app 'b' is STARTED: only an app in ERROR is started again",
    'appsChanged → STARTED',
    "appFailed → STARTED | simulation is held for app=b domain=Cells: 'heddle app " +
      "restart w Cells b' lets it go on",
    'restartApp → STARTED | restartApp',
    `appRestarted → STARTED | app=a domain=Cells is started again from ${WHERE}`,
    'appsChanged → STARTED',
  ])
  assert.deepEqual(life.status.clock, { status: 'STOPPED', targetStatus: 'STARTED' })
  assert.deepEqual(life.status.packages, { Cells: WHERE })
  assert.deepEqual(
    life.status.startErrors.map(({ errorMessage }) => errorMessage),
    ["app 'b' of domain 'Cells' failed again and again: so did it"],
  )
  const on = step(life, apps(app('a', 'STARTED'), app('b', 'STARTED')), 41)
  assert.deepEqual(on.effects, [{ kind: 'note', text: 'simulation goes on' }])
  assert.deepEqual(on.life.status.clock, { status: 'STARTED', targetStatus: 'STARTED' })
  assert.deepEqual(on.life.status.startErrors, [])
  const stopped = step(life, asked({ command: 'stop' }), 41)
  assert.deepEqual(stopped.effects.at(-1), { kind: 'finishClock', force: true })
})

test('one snapshot is made at a time, and the maximum duration ends none', () => {
  const { life, lines } = livesThrough([
    { kind: 'snapshotDue', location, tick: 3 },
    ...started,
    { kind: 'snapshotDue', location, tick: 30 },
    snapshot,
    { kind: 'durationOver' },
    { kind: 'snapshotMade', outcome },
    { kind: 'snapshotMade', outcome },
    snapshot,
    { kind: 'snapshotCopied', tick: 41 },
    { kind: 'snapshotMade', outcome: { error: 'no room' } },
    { kind: 'durationOver' },
  ])
  assert.deepEqual(lines, [
    "snapshotDue → STARTING refused: simulation 'w' is STARTING, not STARTED",
    ...lines.slice(1, 1 + started.length),
    'snapshotDue → SNAPSHOT_IN_PROGRESS | makeSnapshot',
    "createSnapshot → SNAPSHOT_IN_PROGRESS refused: a snapshot of simulation 'w' is " +
      'being made already',
    'durationOver → SNAPSHOT_IN_PROGRESS',
    `snapshotMade → STARTED | snapshot=${WHERE} snapshot-tick=30 entities=3 bytes=9 ` +
      `state-hash=ab | watchDuration`,
    'snapshotMade → STARTED',
    'createSnapshot → SNAPSHOT_IN_PROGRESS | makeSnapshot',
    'snapshotCopied → SNAPSHOT_IN_PROGRESS',
    `snapshotMade → STARTED | snapshot=${WHERE} failed: no room | watchDuration`,
    'durationOver → STOPPING | the maximum duration is over | breakOff | ' +
      'simulation=STOPPING | finishClock',
  ])
  assert.deepEqual(life.status.lastSnapshot, { location, tick: 41, bytes: 0, error: 'no room' })
})

test('a snapshot that is complete before it hears of the end is reported', () => {
  const { life, lines } = livesThrough([
    ...started,
    snapshot,
    asked({ command: 'stop' }),
    { kind: 'snapshotMade', outcome },
  ])
  assert.deepEqual(lines.slice(started.length + 1), [
    'stop → STOPPING | breakOff | simulation=STOPPING | cancelSnapshot',
    `snapshotMade → STOPPING | snapshot=${WHERE} snapshot-tick=40 entities=3 bytes=9 ` +
      `state-hash=ab | finishClock`,
  ])
  assert.deepEqual(life.status.lastSnapshot, { location, tick: 40, bytes: 9 })
})

test('a replacement for a lost worker reports the loss and restarts the clock', () => {
  const last: WorkerStatus = {
    ...emptyStatus('e-1'),
    clock: { status: 'STARTING', targetStatus: 'STARTED' },
    restarts: [{ atMs: 5, reason: 'it was killed', lostAtTick: 50 }],
  }
  const events: LifeEvent[] = started.map((event) =>
    event.kind === 'worldMade' ? { ...event, from: location } : event,
  )
  const { life, lines } = livesThrough(events, { isComingBack: true }, last)
  assert.equal(
    lines.at(-1),
    'appsChanged → STARTED | simulation=STARTED | the worker was lost at about tick 50; ' +
      'back at tick 40 ' +
      `from ${WHERE}; about 10 ticks are lost; why: it was killed | startClock | watchDuration`,
  )
  assert.deepEqual(life.status.restarts, [
    { atMs: 5, reason: 'it was killed', lostAtTick: 50, back: { tick: 40, from: location } },
  ])
})

test('callers cannot stop apps of the schema, nor delete running apps', () => {
  const custom = app('v', 'STARTED', { domain: 'View', lifecycle: 'ByRequest' })
  const view = { domain: 'View', name: 'v' }
  const { lines } = livesThrough([
    {
      kind: 'described',
      domains: ['Cells', 'View'].map((name) => ({ name, lifecycle: 'ByRequest' })),
      logGroup: 'g',
    },
    ...started.slice(1, -1),
    apps(app('a', 'STARTED'), custom),
    asked({ command: 'startApp', ...view }),
    asked({ command: 'stopApp', domain: 'Cells', name: 'a' }),
    asked({ command: 'stopApp', domain: 'View', name: 'none' }),
    asked({ command: 'deleteApp', ...view }),
    asked({ command: 'stopApp', ...view }),
    apps(app('a', 'STARTED'), { ...custom, status: 'STOPPED' }),
    asked({ command: 'deleteApp', ...view }),
  ])
  assert.deepEqual(lines.slice(5), [
    'startApp → STARTED | startApp',
    'stopApp → STARTED refused: StopApp is for apps of custom domains; a belongs to the ' +
      'spatial domain Cells',
    'stopApp → STARTED refused: the domain View of simulation w has no app named none',
    "deleteApp → STARTED refused: app 'v' is STARTED: stop it before you delete it",
    'stopApp → STARTED | stopApp',
    'appsChanged → STARTED',
    'deleteApp → STARTED | deleteApp',
  ])
})

/** The statuses that may follow each status. */
const NEXT: Partial<Record<SimulationStatus, SimulationStatus[]>> = {
  STARTING: ['STARTED', 'STOPPING', 'FAILED'],
  STARTED: ['SNAPSHOT_IN_PROGRESS', 'STOPPING', 'FAILED'],
  SNAPSHOT_IN_PROGRESS: ['STARTED', 'STOPPING', 'FAILED'],
  STOPPING: ['STOPPED'],
  STOPPED: [],
  FAILED: [],
}
const ANSWERED = [
  'cancelSnapshot',
  'saveWorld',
  'finishClock',
  'shutDownApps',
  'abandonApps',
  'clear',
  'closeLog',
] as const
const OF_AN_END = new Set<string>([...ANSWERED, 'breakOff', 'note', 'error', 'end'])
const NEEDS_WORLD = new Set<string>(['saveWorld', 'finishClock', 'shutDownApps', 'abandonApps'])

const anyApp = fc
  .record({
    name: fc.constantFrom('a', 'b'),
    status: fc.constantFrom('STARTING', 'STARTED', 'STOPPING', 'STOPPED', 'ERROR'),
    lifecycle: fc.constantFrom('BySpatialSubdivision', 'PerWorker', 'ByRequest'),
  })
  .map(({ name, status, lifecycle }) =>
    app(name, status as AppState['status'], {
      lifecycle: lifecycle as AppState['lifecycle'],
      ...(status === 'ERROR' && { failure: 'it exited' }),
    }),
  )
const anyApps = fc.uniqueArray(anyApp, { selector: ({ name }) => name, maxLength: 2 })
const anyStep = fc.constantFrom(...ANSWERED.filter((each) => each !== 'cancelSnapshot'))
const anyTarget = { domain: fc.constantFrom('Cells', 'none'), name: fc.constantFrom('a', 'b') }
/** Ending events are rare, or else most simulations would be over early. */
const anyEvent: fc.Arbitrary<LifeEvent> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...started,
      snapshot,
      appFailed,
      asked({ command: 'startClock' }),
      asked({ command: 'stopClock' }),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom<LifeEvent>(
      appFailed,
      { kind: 'snapshotDue', location, tick: undefined },
      { kind: 'snapshotCopied', tick: 39 },
      { kind: 'snapshotMade', outcome },
      { kind: 'snapshotMade', outcome: { error: 'no' } },
      { kind: 'clockIs', status: 'STARTED' },
      { kind: 'clockIs', status: 'STOPPED' },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<LifeEvent>(
      { kind: 'durationOver' },
      { kind: 'clockFailed', reason: 'broken' },
      { kind: 'startFailed', errors: [wrong] },
      asked({ command: 'stop' }),
    ),
  },
  { weight: 4, arbitrary: anyApps.map((all) => apps(...all)) },
  {
    weight: 2,
    arbitrary: fc
      .record({ step: anyStep, savedAs: fc.constantFrom(undefined, WHERE) })
      .map((event) => ({ kind: 'done' as const, ...event })),
  },
  {
    weight: 1,
    arbitrary: anyStep.map((step) => ({ kind: 'stepFailed' as const, step, reason: 'no' })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        command: fc.constantFrom('startApp', 'stopApp', 'deleteApp', 'restartApp'),
        ...anyTarget,
      })
      .map((command) => asked(command as ChangingCommand)),
  },
)

/** Checks what holds after every step, whatever came before. */
function check(before: Life, { life, effects, refusal }: Step): void {
  const kinds = effects.map(({ kind }) => kind)
  const { status, snapshot: shown, clock, revision } = life.status
  if (status !== before.status.status)
    assert.ok(NEXT[before.status.status]!.includes(status), `${before.status.status} → ${status}`)
  if (life.status !== before.status) assert.ok(revision > before.status.revision)
  if (refusal) assert.deepEqual([life, effects], [before, []])
  if (!life.ending) assert.equal(shown !== undefined, status === 'SNAPSHOT_IN_PROGRESS')
  if (life.isHeld) assert.equal(clock.status, 'STOPPED')
  if (kinds.includes('makeSnapshot')) assert.equal(before.status.snapshot, undefined)
  if (kinds.includes('saveWorld')) assert.equal(shown, undefined, 'two are never written at once')
  if (kinds.includes('startClock')) assert.equal(clock.targetStatus, 'STARTED')
  if (before.ending) for (const kind of kinds) assert.ok(OF_AN_END.has(kind), kind)
  for (const kind of kinds) if (NEEDS_WORLD.has(kind)) assert.ok(life.hasWorld, kind)
  const waitsFor = kinds.filter((kind) => (ANSWERED as readonly string[]).includes(kind))
  assert.ok(waitsFor.length <= 1, 'one step of an end at a time')
  if (waitsFor.length === 1) {
    assert.equal(kinds.at(-1), waitsFor[0], 'what is answered stands last')
    assert.equal(life.ending?.step, waitsFor[0])
    assert.ok(life.isStartSettled, 'nothing ends while the start goes on')
  }
  assert.equal(
    kinds.includes('end'),
    life.ending !== undefined && before.ending?.step === 'closeLog' && !life.ending.step,
  )
  if (kinds.includes('end')) assert.equal(kinds.at(-1), 'end')
}

/** Answers all that is waited for, as a worker eventually does. */
function answer({ ending }: Life): LifeEvent {
  const waitsFor = ending!.step!
  if (waitsFor === 'settleStart') return { kind: 'launched' }
  if (waitsFor === 'cancelSnapshot')
    return { kind: 'snapshotMade', outcome: { error: 'cancelled' } }
  return { kind: 'done', step: waitsFor as (typeof ANSWERED)[1] }
}

test('no sequence of events breaks the invariants, and every end is reached', () => {
  const sequence = fc.array(anyEvent, { maxLength: 60 })
  const options = fc.record({ isComingBack: fc.boolean(), holdsOnAppFailure: fc.boolean() })
  fc.assert(
    fc.property(sequence, options, fc.boolean(), (events, chosen, isStarted) => {
      let life = beginLife({ simulationName: 'w', ...chosen }, emptyStatus('e-1'), 7)
      const happens = (event: LifeEvent) => {
        const next = step(life, event, 40)
        check(life, next)
        life = next.life
      }
      const prelude = isStarted ? [...started, asked({ command: 'startClock' })] : []
      for (const event of prelude) happens(event)
      for (const event of events) happens(event)
      happens(asked({ command: 'stop' }))
      for (let count = 0; life.ending?.step !== undefined; count++) {
        assert.ok(count < 10, `${life.ending.step} is waited for without end`)
        happens(answer(life))
      }
      assert.ok(life.status.status === 'STOPPED' || life.status.status === 'FAILED')
      const over = life.status
      for (const event of events) happens(event)
      assert.deepEqual(life.status, over, 'nothing follows an end')
    }),
    { numRuns: 2000 },
  )
})
