// The driver in TypeScript: makes an app's calls of the scenarios, tick by tick, and prints each
// answer as `<line>: <answer>`. Owns how calls are spelled in this language; ../README.md says what
// each call does and answers. Never knows what is expected.

import { readFileSync } from 'node:fs'
import {
  type Column,
  createApplication,
  defineField,
  type Endpoint,
  type Entity,
  type Field,
  type Neighbourhood,
  type RuntimeLimitKind,
  type Subscription,
  type Transaction,
} from '@heddle/sdk'

const NOBODY: Entity = { id: 12_345_678, type: 0 }
const NO_ROW = 1_000_000
const velocity = defineField({ index: 9, typeId: 900, shape: 'f32x2' })
const body = defineField({
  index: 10,
  typeId: 901,
  shape: { health: 'u16', heading: 'f64', colour: 'u8x3' },
})
const wide = defineField({ index: 11, typeId: 902, shape: 'u8x100' })
const fields: Record<string, Field> = { velocity, body, wide }

interface Line {
  number: number
  name: string
  words: string[]
}

const application = begin()
const [{ appName, id: ownPartition }] = application.assignedPartitions()
const entities = new Map<string, Entity>([['nobody', NOBODY]])
const typeOfId = new Map<number, number>()
const subscriptions = new Map<string, Subscription>()
/** Deleted ones: scenarios ask of them once more. */
const ended = new Map<string, Subscription>()
const endpoints = new Map<string, Endpoint>([['nobody', { partition: 9999 }]])
let transaction: Transaction
let picture: Neighbourhood

function begin() {
  try {
    return createApplication()
  } catch (error) {
    print(0, (error as { code: string }).code)
    process.exit(1)
  }
}

function run(ticks: ReturnType<typeof readTicks>): void {
  for (;;) {
    try {
      transaction = application.beginUpdate()
    } catch (error) {
      print(0, (error as { code: string }).code)
      break
    }
    const { clean, lines } = ticks.get(transaction.tick) ?? { clean: false, lines: [] }
    if (clean) cleanUp()
    for (const line of lines) answer(line)
    if (!transaction.isCommitted) transaction.commit()
  }
  application.destroy()
}

function readTicks(file: string, app: string) {
  const found = new Map<number, { clean: boolean; lines: Line[] }>()
  let tick = 0
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((text, index) => {
      const [first, name, ...words] = text.split(' -> ')[0].split(' ')
      if (first === 'scenario' || first === 'tick')
        found.set(++tick, { clean: first === 'scenario', lines: [] })
      else if (first === app) found.get(tick)!.lines.push({ number: index + 1, name, words })
    })
  return found
}

function print(line: number, text: string): void {
  console.log(`${line}: ${text}`)
}

function answer({ number, name, words }: Line): void {
  const call = calls[name]
  try {
    print(number, call ? String(call(...words) ?? 'ok') : 'unsupported')
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    print(number, code)
  }
}

/** Nothing of a scenario is left for the next one. */
function cleanUp(): void {
  transaction.ownershipChanges()
  transaction.receiveMessages()
  for (const subscription of subscriptions.values()) transaction.deleteSubscription(subscription)
  for (const entity of [...transaction.ownedEntities()]) transaction.deleteEntity(entity)
  subscriptions.clear()
  ended.clear()
  entities.clear()
  entities.set('nobody', NOBODY)
  application.resetRuntimeMetrics()
}

// --- words and answers

function known(entity: Entity): string {
  if (!entities.has(String(entity.type))) entities.set(String(entity.type), entity)
  typeOfId.set(entity.id, entity.type)
  return String(entity.type)
}

function entityOf(word: string): Entity {
  const entity = entities.get(word)
  if (!entity) throw { code: 'unmet' }
  return entity
}

function subscriptionOf(word: string): Subscription {
  return subscriptions.get(word) ?? ended.get(word)!
}

function place([x, y, z]: string[]): [number, number, number] {
  return [Number(x), Number(y), Number(z)]
}

function box([minX, minY, maxX, maxY]: string[]) {
  return { minX: Number(minX), minY: Number(minY), maxX: Number(maxX), maxY: Number(maxY) }
}

/** `hello`, `x*20` for 20 times x, `-` for no bytes. */
function bytesOf(word: string): Uint8Array {
  const [, letter, count] = /^(.)\*(\d+)$/.exec(word) ?? []
  if (letter) return new TextEncoder().encode(letter.repeat(Number(count)))
  return new TextEncoder().encode(word === '-' ? '' : word)
}

function textOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  if (text.length > 8 && text === text[0].repeat(text.length)) return `${text[0]}*${text.length}`
  return text === '' ? '-' : text
}

function list(items: Iterable<string>): string {
  return [...items].join(', ') || 'none'
}

function appOf(partition: number): string {
  return application.allPartitions().find(({ id }) => id === partition)!.appName
}

function describe(partition: ReturnType<typeof application.allPartitions>[number]): string {
  const { appName, domain, domainType, bounds } = partition
  const edges = bounds ? ` ${bounds.minX} ${bounds.minY} ${bounds.maxX} ${bounds.maxY}` : ''
  return `${appName} ${domain} ${domainType}${edges}`
}

function rowOf(word: string): number {
  if (word === 'nobody') return NO_ROW
  const { types, states } = transaction.owned
  return types.findIndex((type, row) => states[row] !== 0 && type === Number(word))
}

function rowsOf(words: string[]): number[] {
  return words.map(rowOf)
}

/** An own entity's name for each row that holds one, with more behind it. */
function each(more: (row: number) => string): string {
  const { rows, types, states } = transaction.owned
  const present = [...Array(rows).keys()].filter((row) => states[row] !== 0)
  return list(present.map((row) => `${types[row]}${more(row)}`))
}

/** The columns of a field in the order of its members, with how many numbers each has. */
function columnsOf(name: string, columns: unknown): [Column<Float64Array>, number][] {
  if (name !== 'body') return [[columns as Column<Float64Array>, name === 'wide' ? 100 : 2]]
  const { health, heading, colour } = columns as Record<string, Column<Float64Array>>
  return [
    [health, 1],
    [heading, 1],
    [colour, 3],
  ]
}

function numbersOf(name: string, columns: unknown, row: number): number[] {
  return columnsOf(name, columns).flatMap(([{ values, stride, offset }, count]) => [
    ...values.subarray(row * stride + offset, row * stride + offset + count),
  ])
}

function range(words: string[]): [number, number] | [] {
  const row = words.length > 0 ? rowOf(words[0]) : 0
  return words.length > 0 ? [row, row + 1] : []
}

/** Each own entity with what `take` makes of its neighbours. */
function eachNeighbour(radius: string, take: (type: number, entry: number) => string): string {
  const near = transaction.neighbourhood(Number(radius))
  picture = near
  return each((row) => {
    const entries = [...near.list.subarray(near.starts[row], near.starts[row + 1])]
    return entries
      .map((entry) => take(near.types[entry], entry))
      .sort()
      .join('')
  })
}

// --- the calls

const calls: Record<string, (...words: string[]) => unknown> = {
  'create-application': () => void createApplication(),
  attempt: () => String(application.attempt),
  assigned: () => list(application.assignedPartitions().map(describe)),
  partitions: () => list(application.allPartitions().map(describe)),
  port: (declared) => (application.ingressPort(Number(declared)) > 0 ? 'ok' : 'none'),
  limit: (kind) => String(application.runtimeLimit(kind as RuntimeLimitKind)),
  metrics: () => {
    const { totalCommittedTicks: _, ...counts } = application.runtimeMetrics()
    return Object.entries(counts)
      .map(([name, count]) => `${name}=${count}`)
      .join(' ')
  },
  'committed-ticks': () => String(application.runtimeMetrics().totalCommittedTicks),
  'reset-metrics': () => application.resetRuntimeMetrics(),
  'current-tick': () => String(application.currentTick === transaction.tick),
  'has-error': () => String(application.lastErrorMessage !== ''),
  'will-block': () => application.beginUpdateWillBlock(),
  begin: () => void application.beginUpdate(),
  commit: () => transaction.commit(),
  crash: (attempt) => {
    if (application.attempt === Number(attempt)) process.kill(process.pid, 'SIGKILL')
    return 'survived'
  },

  create: (type, ...at) =>
    known(transaction.createEntity(Number(type), at.length > 0 ? place(at) : undefined)),
  fill: (type) => {
    for (let made = 0; ; made++)
      try {
        transaction.createEntity(Number(type))
      } catch (error) {
        return `${made} ${(error as { code: string }).code}`
      }
  },
  delete: (entity) => transaction.deleteEntity(entityOf(entity)),
  owned: () => list([...transaction.ownedEntities()].map(known)),
  'owned-count': () => String(transaction.ownedEntityCount),
  'store-position': (entity, ...at) => transaction.storeEntityIndexKey(entityOf(entity), place(at)),
  'load-position': (entity) => transaction.loadEntityIndexKey(entityOf(entity)).join(' '),
  'store-field': (entity, index, type, data) =>
    transaction.storeEntityField(entityOf(entity), Number(index), Number(type), bytesOf(data)),
  'load-field': (entity, index) => {
    const { typeId, data } = transaction.loadEntityField(entityOf(entity), Number(index))
    return `${typeId} ${textOf(data)}`
  },
  'load-bytes': (entity, index) => {
    const { data } = transaction.loadEntityField(entityOf(entity), Number(index))
    return Buffer.from(data).toString('hex')
  },
  'remove-field': (entity, index) => transaction.removeEntityField(entityOf(entity), Number(index)),
  'modify-domain': (entity, domain) => transaction.modifyEntityDomain(entityOf(entity), domain),
  ownership: () =>
    list(transaction.ownershipChanges().map(({ kind, entity }) => `${kind} ${known(entity)}`)),

  subscribe: (name, domain, ...edges) => {
    subscriptions.set(name, transaction.createSubscriptionBoundingBox2F32(domain, box(edges)))
  },
  'move-subscription': (name, ...edges) => {
    const moved = transaction.modifySubscriptionBoundingBox2F32(subscriptionOf(name), box(edges))
    subscriptions.set(name, moved)
  },
  unsubscribe: (name) => {
    transaction.deleteSubscription(subscriptionOf(name))
    ended.set(name, subscriptionOf(name))
    subscriptions.delete(name)
  },
  events: () => {
    const nameOf = (id: number) => [...subscriptions].find(([, found]) => found.id === id)![0]
    const events = transaction.allSubscriptionEvents()
    return list(
      events.map(({ kind, subscription, entity }) =>
        [nameOf(subscription.id), kind, known(entity)].join(' '),
      ),
    )
  },
  subscribed: (name) => list([...transaction.subscribedEntities(subscriptionOf(name))].map(known)),
  covered: (name) =>
    list(
      transaction.covered(subscriptionOf(name)).flatMap(({ columns, rows, x, y }) =>
        [...rows].map((row, at) => {
          const app = columns.states[row] !== 0 ? appOf(columns.partition) : 'nowhere'
          return [app, columns.types[row], x[at], y[at], columns.positions[row * 3 + 2]].join(' ')
        }),
      ),
    ),
  'covered-values': (name, field) =>
    list(
      transaction.covered(subscriptionOf(name)).flatMap(({ columns, rows }) => {
        const values = columns.field(fields[field])
        const presence = columns.presence(fields[field])
        return [...rows].map((row) => {
          const has = values !== undefined && presence![row] > 0
          const numbers = has ? numbersOf(field, values, row).join(' ') : 'lacks'
          return `${columns.types[row]} ${numbers}`
        })
      }),
    ),

  neighbours: (x, y, radius) => {
    const near = transaction.neighbours(Number(x), Number(y), Number(radius))
    return list(
      [...Array(near.count).keys()].map((at) => {
        const position = near.positions.subarray(at * 3, at * 3 + 3)
        return [near.types[at], ...position, appOf(near.partitions[at])].join(' ')
      }),
    )
  },
  neighbourhood: (radius) => eachNeighbour(radius, (other) => ` ${other}`),
  'neighbourhood-values': (radius, field) => {
    const values = transaction.neighbourhood(Number(radius), { list: false }).field(fields[field])
    return eachNeighbour(radius, (other, entry) => ` ${other}=${numbersOf(field, values, entry)}`)
  },
  'last-picture': (field) => void picture.field(fields[field]),
  'neighbourhood-at': (radius, x, y, within) => {
    const near = transaction.neighbourhood(Number(radius), { list: false })
    const found: number[] = []
    near.at(Number(x), Number(y), Number(within), found)
    return list(found.map((entry) => String(near.types[entry])))
  },

  'resolve-position': (name, domain, x, y) => {
    const endpoint = transaction.resolveEndpointByPosition(domain, Number(x), Number(y))
    endpoints.set(name, endpoint)
    return appOf(endpoint.partition)
  },
  'resolve-name': (name, domain, app) => {
    const endpoint = transaction.resolveEndpointByAppName(domain, app)
    endpoints.set(name, endpoint)
    return appOf(endpoint.partition)
  },
  send: (endpoint, data) => {
    const own = { partition: ownPartition }
    const target = endpoint === 'self' ? own : endpoints.get(endpoint)!
    transaction.sendMessage(target, bytesOf(data))
  },
  reply: (data) => {
    const messages = transaction.receiveMessages()
    for (const { sender } of messages) transaction.sendMessage(sender, bytesOf(data))
    return String(messages.length)
  },
  receive: () =>
    list(
      transaction
        .receiveMessages()
        .map(({ sender, payload }) => `${appOf(sender.partition)} ${textOf(payload)}`),
    ),

  columns: () => {
    const { positions } = transaction.owned
    return each((row) => ` ${positions.subarray(row * 3, row * 3 + 3).join(' ')}`)
  },
  'columns-count': () => String(transaction.owned.count),
  'create-many': (type, count) => {
    const rows = transaction.owned.create(Number(type), Number(count))
    for (const row of rows) known(transaction.owned.entity(row))
    return String(rows.length)
  },
  'delete-many': (...words) => transaction.owned.delete(rowsOf(words)),
  'entity-at': (word) => String(transaction.owned.entity(rowOf(word)).type),
  'rows-of': (...words) => {
    const found = transaction.owned.rowsOf(words.map((word) => entityOf(word).id))
    return words.map((word, at) => String(found[at] >= 0 && found[at] === rowOf(word))).join(' ')
  },
  arrived: () => list([...transaction.owned.arrivedRows].map((row) => typeAt(row))),
  departed: () => list([...transaction.owned.departedIds].map((id) => String(typeOfId.get(id)))),
  rejected: () => list([...transaction.owned.rejectedRows].map((row) => typeAt(row))),
  'write-position': (word, ...at) => transaction.owned.positions.set(place(at), rowOf(word) * 3),
  moved: (...words) => transaction.owned.moved(...range(words)),
  'moved-rows': (from, to) => transaction.owned.moved(Number(from), Number(to)),
  touched: (...words) => transaction.owned.touched(rowsOf(words)),
  sweep: (dx, dy, dz) =>
    transaction.owned.sweep((positions, from, to) => {
      for (let row = from; row < to; row++) {
        positions[row * 3] += Number(dx)
        positions[row * 3 + 1] += Number(dy)
        positions[row * 3 + 2] += Number(dz)
      }
    }),
  'write-value': (field, word, ...numbers) => {
    const row = rowOf(word)
    let at = 0
    for (const [{ values, stride, offset }, count] of columnsOf(
      field,
      transaction.owned.field(fields[field]),
    ))
      for (let place = 0; place < count; place++)
        values[row * stride + offset + place] = Number(numbers[at++])
  },
  values: (field) => {
    const columns = transaction.owned.field(fields[field])
    const presence = transaction.owned.presence(fields[field])
    return each((row) =>
      presence[row] > 0 ? ` ${numbersOf(field, columns, row).join(' ')}` : ' lacks',
    )
  },
  presence: (field) => {
    const presence = transaction.owned.presence(fields[field])
    return each((row) => ` ${presence[row]}`)
  },
  stored: (field, ...words) => transaction.owned.stored(fields[field], ...range(words)),
  give: (field, ...words) => transaction.owned.give(fields[field], rowsOf(words)),
  take: (field, ...words) => transaction.owned.take(fields[field], rowsOf(words)),
}

function typeAt(row: number): string {
  return String(transaction.owned.types[row])
}

run(readTicks(process.argv[2], appName))
