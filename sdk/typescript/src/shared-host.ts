// The host of an app that a Heddle worker started: the fabric in shared memory, found through the
// environment.
// Owns attaching, waiting for ticks and waking the worker; never touches entities.

import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { ControlBlock } from '../../../src/core/fabric/memory/control-block.ts'
import { Fabric } from '../../../src/core/fabric/memory/fabric.ts'
import { fabricFiles, partitionFile } from '../../../src/core/fabric/memory/layout.ts'
import { World, type WorldDescription } from '../../../src/core/fabric/memory/world.ts'
import { parseWorld } from '../../../src/core/fabric/memory/world-text.ts'
import { isLocked, lockFile } from '../../../src/io/shm/file-lock.ts'
import { type Futex, futexAt } from '../../../src/io/shm/futex.ts'
import { type SharedSegment, SharedSegments } from '../../../src/io/shm/shared-segments.ts'
import { type AppEnvironment, readAppEnvironment } from './app-environment.ts'
import { HeddleError } from './errors.ts'
import type { Host } from './host.ts'

/** How often a waiting app looks whether its worker still lives. */
const WAIT_MS = 1000

export function connectSharedHost(environment: NodeJS.ProcessEnv): Host {
  const place = readAppEnvironment(environment)
  const { folder, partition, incarnation } = place
  const segments = new SharedSegments(folder)
  const control = ControlBlock.open(segments, { writable: false })
  if (control.partitionWord(partition, 'incarnation') !== incarnation) {
    throw new HeddleError(
      'NotConnected',
      'this process was replaced: another one owns its partition now',
    )
  }
  const world = new World(readDescription(join(folder, fabricFiles.world)))
  const fabric = new Fabric(segments, control, world, (index) => index === partition)
  takePlace(fabric, place)
  writeOutputAtOnce()
  const host = new SharedHost(fabric, place)
  host.wakeWorker()
  // At once: apps that are launched next needn't compile then what this one has.
  flushCompileCache()
  return host
}

function readDescription(path: string): WorldDescription {
  const { description, fault } = parseWorld(readFileSync(path, 'utf8'))
  if (description === undefined)
    throw new HeddleError(
      'NotConnected',
      `${path} is damaged: ${fault}; start the simulation again`,
    )
  return description
}

/** Says that this process is the app's, for as long as it lives. Throws where another one is. */
function takePlace(fabric: Fabric, { folder, partition, incarnation }: AppEnvironment): void {
  const { app, epoch } = fabric.partition(partition)
  // This process has it already where another of its threads does: a lock can't tell.
  const isOwn = app.load('attached') === incarnation && app.load('pid') === process.pid
  if (isOwn || !lockFile(join(folder, partitionFile(partition, epoch, 'lock'))))
    throw new HeddleError(
      'InvalidState',
      `a process has this app's application already: create it once`,
    )
  app.store('pid', process.pid)
  app.store('attached', incarnation)
}

/**
 * A loop that never returns to Node's event loop would keep what it prints in memory for ever, once
 * the worker is slower to read than it writes: Node queues it. Blocking writes wait for the worker
 * instead, who reads at a bounded rate and counts what a stream has no room for.
 */
function writeOutputAtOnce(): void {
  for (const stream of [process.stdout, process.stderr] as {
    _handle?: { setBlocking?(blocking: boolean): void }
  }[]) {
    stream._handle?.setBlocking?.(true)
  }
}

class SharedHost implements Host {
  readonly fabric: Fabric
  readonly partition: number
  readonly ports: ReadonlyMap<number, number>
  readonly attempt: number
  readonly #workerLock: string
  readonly #incarnation: number
  readonly #released: Futex
  readonly #worker: Futex

  constructor(fabric: Fabric, { folder, partition, incarnation, attempt, ports }: AppEnvironment) {
    this.fabric = fabric
    this.partition = partition
    this.attempt = attempt
    this.ports = ports
    this.#workerLock = join(folder, fabricFiles.workerLock)
    this.#incarnation = incarnation
    const { control } = fabric
    this.#released = futexAt(control.segment as SharedSegment, control.releaseWordOffset)
    this.#worker = futexAt(control.wakeSegment as SharedSegment, control.wakeWordOffset)
  }

  poll(): 'tick' | 'shutdown' | 'wait' {
    const { control, commits } = this.fabric
    if (commits.isAsked(this.partition)) return 'tick'
    return control.shutdown || control.partitionWord(this.partition, 'shutdown') !== 0
      ? 'shutdown'
      : 'wait'
  }

  wait(): void {
    const word = this.fabric.control.loadReleaseWord()
    if (this.poll() !== 'wait') return
    this.#released.wait(word, WAIT_MS)
    this.#checkWorker()
  }

  async waitAsync(): Promise<void> {
    const word = this.fabric.control.loadReleaseWord()
    if (this.poll() !== 'wait') return
    await this.#released.waitAsync(word, WAIT_MS)
    this.#checkWorker()
  }

  committed(): void {
    if (this.fabric.commits.commit(this.partition)) this.#worker.wake()
  }

  destroy(): void {
    this.fabric.partition(this.partition).app.store('destroyed', this.#incarnation)
    this.wakeWorker()
  }

  wakeWorker(): void {
    this.fabric.control.bumpWakeWord()
    this.#worker.wake()
  }

  #checkWorker(): void {
    if (this.poll() !== 'wait') return
    if (!isLocked(this.#workerLock))
      throw new HeddleError('NotConnected', 'the worker of this simulation is gone')
  }
}
