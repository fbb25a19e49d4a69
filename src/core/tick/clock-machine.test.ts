import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type ClockCommand,
  ClockMachine,
  type ClockSettings,
  type Effect,
} from './clock-machine.ts'

function clockOf(settings: Partial<ClockSettings> = {}) {
  const machine = new ClockMachine({
    partitionCapacity: 40,
    partitions: [0, 1],
    committedTick: 0,
    tickRate: 0,
    ...settings,
  })
  const said = ({ kind, tick, partition }: Readonly<Effect>) =>
    [
      kind,
      ...(partition >= 0 ? [`of ${partition}`] : []),
      ...(tick >= 0 ? [`at ${tick}`] : []),
    ].join(' ')
  return {
    machine,
    obey: (...commands: ClockCommand[]) => {
      for (const command of commands) machine.obey(command, 0)
    },
    /**
     * Returns the effects up to one that waits. A copy has three steps; the added partition is 7.
     */
    effects(options: { nowMs?: number; allCommitted?: boolean; removes?: boolean } = {}): string[] {
      const { nowMs = 0, allCommitted = false, removes = true } = options
      const all: string[] = []
      let copySteps = 0
      for (;;) {
        const effect = machine.step(nowMs, allCommitted)
        if (effect.kind === 'wait' || effect.kind === 'finished') return all
        all.push(said(effect))
        if (effect.kind === 'copyStep' && ++copySteps % 3 === 0) machine.copied()
        if (effect.kind === 'add') machine.added(7)
        if (effect.kind === 'remove' && removes) machine.removed()
        // At an unlimited rate, only this ends a tick.
        if (effect.kind === 'measure') machine.obey({ kind: 'stop' }, nowMs)
      }
    },
  }
}

const room = new SharedArrayBuffer(0)

test('a tick is released, waited for, granted, committed and measured, in this order', () => {
  const { obey, effects, machine } = clockOf()
  obey({ kind: 'join', partition: 0 }, { kind: 'start' })
  assert.deepEqual(effects(), [
    'sayStarted',
    'takeCare of 0 at 0',
    'takeCare of 1 at 0',
    'release at 1',
    'wake',
    'keep of 1 at 1',
  ])
  assert.ok(machine.participants.has(0) && !machine.participants.has(1))
  assert.deepEqual(effects(), [])
  assert.deepEqual(effects({ allCommitted: true }), [
    'grant at 1',
    'commit at 1',
    'measure at 1',
    'sayStopped',
  ])
})

test('the clock stands in for an app that leaves during a tick, and then for its partition', () => {
  const { obey, effects } = clockOf()
  obey({ kind: 'join', partition: 0 }, { kind: 'join', partition: 1 }, { kind: 'start' })
  effects()
  obey({ kind: 'leave', partition: 1 })
  assert.deepEqual(effects(), ['takeCare of 1 at 0', 'standIn of 1 at 1'])
  effects({ allCommitted: true })
  obey({ kind: 'start' })
  assert.deepEqual(effects(), ['sayStarted', 'release at 2', 'wake', 'keep of 1 at 2'])
})

test('a partition that comes or goes takes part in no copy', () => {
  const { obey, effects } = clockOf({ partitions: [] })
  obey({ kind: 'copyState', request: 1, room })
  obey({ kind: 'addPartition', request: 2, domain: 0, name: 'a' })
  obey({ kind: 'removePartition', partition: 3 })
  assert.deepEqual(effects(), [
    'add',
    'takeCare of 7 at 0',
    'remove of 3 at 0',
    'beginCopy at 0',
    'copyStep',
    'copyStep',
    'copyStep',
  ])
})

test('a copy ends before a partition is added and before its data is overwritten', () => {
  const { obey, effects, machine } = clockOf({ partitions: [0] })
  obey({ kind: 'join', partition: 0 }, { kind: 'copyState', request: 1, room }, { kind: 'start' })
  assert.deepEqual(
    [1, 2, 3, 4].map(() => machine.step(0, false).kind),
    ['sayStarted', 'takeCare', 'beginCopy', 'release'],
  )
  assert.deepEqual(effects({ allCommitted: true }), [
    'wake',
    'grant at 1',
    'commit at 1',
    'measure at 1',
    'copyStep',
    'copyStep',
    'copyStep',
    'sayStopped',
  ])
})

test('a partition is checked once a tick until it is gone, and emptied in between', () => {
  const { obey, effects } = clockOf({ partitions: [0] })
  obey({ kind: 'removePartition', partition: 0 }, { kind: 'start' })
  assert.deepEqual(effects({ removes: false }), [
    'sayStarted',
    'takeCare of 0 at 0',
    'remove of 0 at 0',
    'release at 1',
    'wake',
    'empty of 0 at 1',
  ])
  assert.deepEqual(effects({ allCommitted: true }).slice(-2), ['sayStopped', 'remove of 0 at 1'])
  obey({ kind: 'start' })
  assert.deepEqual(effects(), ['sayStarted', 'release at 2', 'wake'])
})

test('an ending clock waits for the current tick, unless forced', () => {
  for (const force of [false, true]) {
    const { obey, effects } = clockOf({ partitions: [] })
    obey({ kind: 'join', partition: 0 }, { kind: 'start' })
    effects()
    obey({ kind: 'finish', force })
    assert.deepEqual(effects(), force ? ['shutDown', 'wake'] : [])
    if (!force) assert.deepEqual(effects({ allCommitted: true }).slice(-2), ['shutDown', 'wake'])
  }
})

test('an ending clock does first what was asked of it', () => {
  const { obey, effects } = clockOf({ partitions: [] })
  obey({ kind: 'start' }, { kind: 'addPartition', request: 1, domain: 0, name: 'x' })
  obey({ kind: 'stop' }, { kind: 'finish', force: false })
  assert.deepEqual(effects(), [
    'sayStarted',
    'add',
    'takeCare of 7 at 0',
    'sayStopped',
    'shutDown',
    'wake',
  ])
})

test('an app is told to shut down between two ticks, and woken when the clock takes over', () => {
  const { obey, effects } = clockOf({ partitions: [0] })
  obey({ kind: 'join', partition: 0 })
  effects()
  obey({ kind: 'shutDownApp', partition: 0 })
  assert.deepEqual(effects(), ['shutDownApp of 0', 'takeCare of 0 at 0', 'wake'])
})

test('late apps are reported after the time allowed, and repeatedly', () => {
  const { obey, effects } = clockOf({ partitions: [], appTimeoutMs: 250 })
  obey({ kind: 'join', partition: 0 }, { kind: 'start' })
  effects()
  assert.deepEqual(
    [249, 250, 300, 350].map((nowMs) => effects({ nowMs })),
    [[], ['late at 1'], [], ['late at 1']],
  )
})

test('the hash of a committed tick is reported once: during the next tick, or at the stop', () => {
  const { obey, effects } = clockOf({ partitions: [], hashInterval: 2 })
  const hashes = (allCommitted: boolean) =>
    effects({ allCommitted }).filter((effect) => effect.startsWith('hash'))
  obey({ kind: 'join', partition: 0 })
  const found: string[][] = []
  for (let tick = 1; tick <= 4; tick++) {
    obey({ kind: 'start' })
    found.push(hashes(false))
    found.push(hashes(true))
  }
  assert.deepEqual(found, [['hash at 0'], [], [], ['hash at 2'], [], [], [], ['hash at 4']])
})

test('one commit follows each release, and no tick is computed twice', () => {
  const partition = fc.nat(3)
  const command = fc.oneof(
    fc.record({ kind: fc.constant('join' as const), partition }),
    fc.record({ kind: fc.constant('leave' as const), partition }),
    fc.record({
      kind: fc.constant('copyState' as const),
      request: fc.constant(1),
      room: fc.constant(room),
    }),
    fc.constant({ kind: 'stop' as const }),
    fc.constant({ kind: 'start' as const }),
    fc.record({ kind: fc.constant('shutDownApp' as const), partition }),
  )
  const turn = fc.oneof(
    { weight: 3, arbitrary: fc.constant('step' as const) },
    fc.constant('commit' as const),
    command,
  )
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 200 }), (turns) => {
      const machine = new ClockMachine({
        partitionCapacity: 4,
        partitions: [0, 1, 2, 3],
        committedTick: 0,
        tickRate: 0,
      })
      machine.obey({ kind: 'start' }, 0)
      const pending = new Set<number>()
      const computed = new Set<number>()
      let [released, committed, copiedTick, copySteps] = [0, 0, -1, 0]
      const compute = (index: number) => {
        assert.ok(!computed.has(index), `partition ${index} computes tick ${released} twice`)
        computed.add(index)
      }
      for (const each of turns) {
        if (each === 'commit') {
          const [first] = pending
          if (first !== undefined && pending.delete(first)) compute(first)
          continue
        }
        if (each !== 'step') {
          machine.obey(each, 0)
          continue
        }
        const { kind, tick, partition } = machine.step(0, pending.size === 0)
        if (kind === 'release') {
          assert.equal(tick, ++released)
          assert.equal(committed, released - 1)
          assert.ok(
            copiedTick < 0 || copiedTick === committed,
            'a copy reads what is about to be written',
          )
          computed.clear()
          for (let index = 0; index < 4; index++)
            if (machine.participants.has(index)) pending.add(index)
        } else if (kind === 'keep') compute(partition)
        else if (kind === 'standIn' && pending.delete(partition)) compute(partition)
        else if (kind === 'commit') {
          assert.equal(tick, ++committed)
          assert.equal(committed, released)
          assert.equal(computed.size, 4, 'somebody has not computed')
        } else if (kind === 'beginCopy') {
          copiedTick = tick
          copySteps = 0
        } else if (kind === 'copyStep' && ++copySteps === 3) {
          machine.copied()
          copiedTick = -1
        }
      }
    }),
    { numRuns: 500 },
  )
})
