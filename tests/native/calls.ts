// What an app may do next, chosen by chance: among all calls, with arguments that are mostly right,
// and sometimes wrong. Owns the choice; never makes a call but to look at what there is.

import { SPATIAL_DOMAIN } from '../../sdk/typescript/src/testing/lockstep.ts'
import type { Box } from '../../src/core/fabric/memory/box.ts'
import type { Random } from '../simulator/random.ts'
import { FIELDS, type Place, type Program } from './program.ts'

export interface Scene {
  random: Random
  /** Entities that were named once. */
  ids: number[]
  subscriptions: number[]
  isLarge: boolean
}

export interface Call {
  name: string
  /** What it is called with. */
  text?: string
  make(program: Program): unknown
}

/** Half the width of the world. */
const HALF = 100
const DOMAINS = [SPATIAL_DOMAIN, SPATIAL_DOMAIN, SPATIAL_DOMAIN, 'Custom', 'Nowhere']

type Choice = (scene: Scene, reference: Program) => Omit<Call, 'name'>

const ofAnId = (random: Random, scene: Scene, reference: Program): [number] => [
  anId(random, scene, reference),
]

/** `call(name, ...values)` as a choice whose values are drawn anew each time. */
const plain =
  <const Values extends readonly unknown[]>(
    draw: (random: Random, scene: Scene, reference: Program) => Values,
    make: (program: Program, ...values: Values) => unknown,
  ): Choice =>
  (scene, reference) => {
    const values = draw(scene.random, scene, reference)
    return { text: JSON.stringify(values), make: (program) => make(program, ...values) }
  }

const CHOICES: Record<string, Choice> = {
  willBlock: plain(
    () => [],
    (program) => program.willBlock(),
  ),
  limits: plain(
    () => [],
    (program) => program.limits(),
  ),
  metrics: plain(
    () => [],
    (program) => program.metrics(),
  ),
  partitions: plain(
    () => [],
    (program) => program.partitions(),
  ),
  beginAgain: plain(
    () => [],
    (program) => program.begin(),
  ),
  create: plain(
    (random) => [random.pick([512, 513, 700, 3]), random.chance(0.7) ? place(random) : undefined],
    (program, type, at) => program.create(type, at),
  ),
  createMany: plain(
    (random, { isLarge }) => [random.pick([512, 800, 1]), random.below(isLarge ? 400 : 12)],
    (program, type, count) => program.createMany(type, count),
  ),
  spread: plain(
    (random, _, reference) => {
      const rows = used(reference)
      return [rows, rows.map(() => inside(random))]
    },
    (program, rows, places) => {
      program.writePlaces(rows, places)
      program.moved(0, program.states().length)
    },
  ),
  remove: plain(ofAnId, (program, id) => program.remove(id)),
  removeRows: plain(
    (random, _, reference) => [rowsOf(random, reference, 3, 0.2)],
    (program, rows) => program.removeRows(rows),
  ),
  store: plain(
    (random, scene, reference) => [anId(random, scene, reference), place(random)],
    (program, id, at) => program.store(id, at),
  ),
  load: plain(ofAnId, (program, id) => program.load(id)),
  storeField: plain(
    (random, scene, reference) => [
      ...[anId(random, scene, reference), random.between(0, 6), random.between(600, 604)],
      random.pick([0, 1, 12, 24, 40, 1025]),
    ],
    (program, id, index, type, bytes) =>
      program.storeField(id, index, type, new Uint8Array(bytes).fill(id % 251)),
  ),
  loadField: plain(
    (random, scene, reference) => [anId(random, scene, reference), random.between(1, 6)],
    (program, id, index) => program.loadField(id, index),
  ),
  removeField: plain(
    (random, scene, reference) => [anId(random, scene, reference), random.between(1, 6)],
    (program, id, index) => program.removeField(id, index),
  ),
  modifyDomain: plain(
    (random, scene, reference) => [anId(random, scene, reference), random.pick(DOMAINS)],
    (program, id, domain) => program.modifyDomain(id, domain),
  ),
  ownershipChanges: plain(
    () => [],
    (program) => program.ownershipChanges(),
  ),
  tickRows: plain(
    () => [],
    (program) => program.tickRows(),
  ),
  rowsOf: plain(
    (random, scene, reference) => [
      Array.from({ length: random.below(6) }, () => anId(random, scene, reference)),
    ],
    (program, ids) => program.rowsOf(ids),
  ),
  entityAt: plain(
    (random, _, reference) => [rowsOf(random, reference, 1, 0.2)[0] ?? 0],
    (program, row) => program.entityAt(row),
  ),
  moveSome: plain(
    (random, _, reference) => {
      const rows = rowsOf(random, reference, 5, 0)
      return [rows, rows.map(() => place(random)), random.below(4)]
    },
    (program, rows, places, how) => {
      program.writePlaces(rows, places)
      if (how === 0) program.moved(0, program.states().length)
      else if (how > 1) for (const row of rows) program.moved(row, row + 1)
      else {
        try {
          program.touched(rows)
        } catch (refusal) {
          // What comes of writes that nobody reports is not said: each SDK may see them or not.
          for (const row of rows) program.moved(row, row + 1)
          throw refusal
        }
      }
    },
  ),
  moved: plain(
    (random, _, reference) => {
      const rows = reference.states().length
      return [random.below(rows + 2), random.below(rows + 2)]
    },
    (program, from, to) => program.moved(from, to),
  ),
  touched: plain(
    (random, _, reference) => [rowsOf(random, reference, 4, 0.1)],
    (program, rows) => program.touched(rows),
  ),
  sweep: plain(
    (random) => [[random.between(-2, 2), random.between(-2, 2) / 4, 1]],
    (program, by) => program.sweep(by),
  ),
  storeValues: plain(
    (random, _, reference) => {
      const rows = reference.states().length
      const [from, to] = [random.below(rows + 1), random.below(rows + 1)]
      return [aField(random), from, random.chance(0.1) ? to : Math.max(from, to), random.below(256)]
    },
    (program, field, from, to, byte) => {
      const rows = Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at)
      program.writeValues(FIELDS[field], rows, new Uint8Array(24).fill(byte))
      program.stored(FIELDS[field], from, to)
    },
  ),
  give: plain(
    (random, _, reference) => [aField(random), rowsOf(random, reference, 6, 0.05)],
    (program, field, rows) => program.give(FIELDS[field], rows),
  ),
  giveAndWrite: plain(
    (random, _, reference) => [aField(random), rowsOf(random, reference, 6, 0)],
    (program, field, rows) => {
      program.give(FIELDS[field], rows)
      program.writeValues(
        FIELDS[field],
        rows,
        Uint8Array.from({ length: 24 }, (_, at) => at),
      )
    },
  ),
  take: plain(
    (random, _, reference) => [aField(random), rowsOf(random, reference, 6, 0.05)],
    (program, field, rows) => program.take(FIELDS[field], rows),
  ),
  presence: plain(
    (random) => [aField(random)],
    (program, field) => program.presence(FIELDS[field]),
  ),
  subscribe: (scene) => {
    const [domain, box] = [scene.random.pick(DOMAINS), aBox(scene.random)]
    return {
      text: JSON.stringify([domain, box]),
      make: (program) => {
        const id = program.subscribe(domain, box)
        if (!scene.subscriptions.includes(id)) scene.subscriptions.push(id)
        return id
      },
    }
  },
  modify: plain(
    (random, scene) => [aSubscription(scene), aBox(random)],
    (program, id, box) => program.modify(id, box),
  ),
  unsubscribe: plain(
    (_, scene) => [aSubscription(scene)],
    (program, id) => program.unsubscribe(id),
  ),
  events: plain(
    () => [],
    (program) => program.events(),
  ),
  seen: plain(
    (_, scene) => [aSubscription(scene)],
    (program, id) => program.seen(id),
  ),
  covered: plain(
    (random, scene) => [aSubscription(scene), aField(random)],
    (program, id, field) => program.covered(id, FIELDS[field]),
  ),
  neighbourhood: plain(
    (random) => [aRadius(random), random.chance(0.7), aField(random), aNearPlace(random)],
    (program, radius, list, field, at) => program.neighbourhood(radius, list, FIELDS[field], at),
  ),
  neighbours: plain(
    (random) => {
      const [x, y] = inside(random)
      return [x, y, aRadius(random)]
    },
    (program, x, y, radius) => program.neighbours(x, y, radius),
  ),
  manyNeighbours: plain(
    (random) => [Array.from({ length: 12 }, () => aNearPlace(random))],
    (program, places) => places.map(([x, y, radius]) => program.neighbours(x, y, radius)),
  ),
  resolvePosition: plain(
    (random) => {
      const [x, y] = place(random)
      return [random.pick(DOMAINS), x, y]
    },
    (program, domain, x, y) => program.resolvePosition(domain, x, y),
  ),
  resolveName: plain(
    (random) => [random.pick(DOMAINS), random.pick(['Grid-0-0', 'Grid-1-0', 'maker', 'nobody'])],
    (program, domain, name) => program.resolveName(domain, name),
  ),
  send: plain(
    (random) => [random.below(9), random.pick([0, 1, 30, 256, 257])],
    (program, partition, bytes) => program.send(partition, new Uint8Array(bytes).fill(bytes)),
  ),
  receive: plain(
    () => [],
    (program) => program.receive(),
  ),
}

const NAMES = Object.keys(CHOICES)
/** Made more often: without them little would happen. */
const OFTEN = ['create', 'createMany', 'spread', 'subscribe', 'moveSome']

export function nextCall(scene: Scene, reference: Program): Call {
  const name = scene.random.pick(scene.random.chance(0.3) ? OFTEN : NAMES)
  return { name, ...CHOICES[name](scene, reference) }
}

function used(reference: Program): number[] {
  return reference.states().flatMap((state, row) => (state === 0 ? [] : [row]))
}

/** Some rows of entities, each once; now and then one that holds none, or one named twice. */
function rowsOf(random: Random, reference: Program, most: number, wrong: number): number[] {
  const rows = used(reference)
  const chosen = new Set<number>()
  for (let count = random.below(most + 1); count > 0 && rows.length > 0; count--)
    chosen.add(random.pick(rows))
  const list = [...chosen]
  if (random.chance(wrong)) list.push(random.chance(0.5) ? 1_000_000 : (list[0] ?? 0))
  return list
}

/** Often one of its own. */
function anId(random: Random, { ids }: Scene, reference: Program): number {
  const rows = used(reference)
  if (rows.length > 0 && random.chance(0.6)) return reference.entityAt(random.pick(rows))
  return ids.length > 0 && random.chance(0.95) ? random.pick(ids) : random.below(99)
}

function aSubscription({ random, subscriptions }: Scene): number {
  return subscriptions.length > 0 && random.chance(0.9) ? random.pick(subscriptions) : 99
}

function aField(random: Random): number {
  return random.below(FIELDS.length)
}

/** A place, and how far around it. */
function aNearPlace(random: Random): Place {
  const [x, y] = inside(random)
  return [x, y, random.pick([0.5, 8, 30, 500])]
}

function aRadius(random: Random): number {
  return random.chance(0.05) ? 0 : random.pick([0.5, 8, 30, 500])
}

/** Halves, so that JavaScript and 32-bit floats agree on them. */
function inside(random: Random): Place {
  const axis = () => random.between(-HALF * 2, HALF * 2) / 2
  return [axis(), axis(), random.below(9)]
}

/** Now and then outside of the world, or none at all. */
function place(random: Random): Place {
  if (random.chance(0.97)) return inside(random)
  return random.pick<Place>([
    [HALF + 1, 0, 0],
    [0, -HALF - 8, 0],
    [Number.NaN, 0, 0],
    [0, 0, Number.POSITIVE_INFINITY],
  ])
}

function aBox(random: Random): Box {
  const [minX, minY] = inside(random)
  const wide = random.pick([0, 10, 40, 400])
  if (random.chance(0.04)) return { minX: 1, minY: 0, maxX: 0, maxY: 0 }
  return { minX, minY, maxX: minX + wide, maxY: minY + wide }
}
