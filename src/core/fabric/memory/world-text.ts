// The text of `world.json`: checked once, by each program that opens a fabric.
// Owns its shape and the words of a fault. Apps read it when they start, so it loads no library.

import type { Lifecycle } from '../../schema/lifecycle.ts'
import type { DomainDescription, WorldDescription } from './world.ts'

/** `fault` names the place, as in `domains.0.area.rows is 0, and not a whole number above 0`. */
interface ParsedWorld {
  description?: WorldDescription
  fault?: string
}

export function parseWorld(text: string): ParsedWorld {
  try {
    return { description: worldOf(JSON.parse(text)) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof WorldFault) return { fault: error.message }
    throw error
  }
}

class WorldFault extends Error {}

const LIFECYCLES: Readonly<Record<Lifecycle, true>> = {
  BySpatialSubdivision: true,
  PerWorker: true,
  ByRequest: true,
}

function worldOf(value: unknown): WorldDescription {
  const world = objectAt(value, 'the world')
  const { simulationName, executionId, domains, transfersPerTick } = world
  if (!Array.isArray(domains)) throw faultOf('domains', domains, 'a list')
  return {
    simulationName: textAt(simulationName, 'simulationName'),
    executionId: textAt(executionId, 'executionId'),
    domains: domains.map((domain, index) => domainOf(domain, `domains.${index}`)),
    ...(transfersPerTick !== undefined && {
      transfersPerTick: wholeAt(transfersPerTick, 'transfersPerTick', 0),
    }),
  }
}

function domainOf(value: unknown, place: string): DomainDescription {
  const { name, lifecycle, area } = objectAt(value, place)
  if (!Object.hasOwn(LIFECYCLES, String(lifecycle)))
    throw faultOf(`${place}.lifecycle`, lifecycle, `one of ${Object.keys(LIFECYCLES).join(', ')}`)
  return {
    name: textAt(name, `${place}.name`),
    lifecycle: lifecycle as Lifecycle,
    ...(area !== undefined && { area: areaOf(area, `${place}.area`) }),
  }
}

function areaOf(value: unknown, place: string): NonNullable<DomainDescription['area']> {
  const { bounds, columns, rows, firstPartition } = objectAt(value, place)
  const edges = objectAt(bounds, `${place}.bounds`)
  const edge = (name: string) => numberAt(edges[name], `${place}.bounds.${name}`)
  const [minX, maxX, minY, maxY] = [edge('minX'), edge('maxX'), edge('minY'), edge('maxY')]
  if (minX >= maxX) throw faultOf(`${place}.bounds.maxX`, maxX, `above minX, ${minX}`)
  if (minY >= maxY) throw faultOf(`${place}.bounds.maxY`, maxY, `above minY, ${minY}`)
  return {
    bounds: { minX, maxX, minY, maxY },
    columns: wholeAt(columns, `${place}.columns`, 1),
    rows: wholeAt(rows, `${place}.rows`, 1),
    firstPartition: wholeAt(firstPartition, `${place}.firstPartition`, 0),
  }
}

function objectAt(value: unknown, place: string): Record<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject) throw faultOf(place, value, 'an object')
  return value as Record<string, unknown>
}

function textAt(value: unknown, place: string): string {
  if (typeof value !== 'string') throw faultOf(place, value, 'a text')
  return value
}

function numberAt(value: unknown, place: string): number {
  if (!Number.isFinite(value)) throw faultOf(place, value, 'a finite number')
  return value as number
}

function wholeAt(value: unknown, place: string, min: 0 | 1): number {
  if (!Number.isSafeInteger(value) || (value as number) < min)
    throw faultOf(place, value, min === 0 ? 'a whole number from 0' : 'a whole number above 0')
  return value as number
}

function faultOf(place: string, value: unknown, wanted: string): WorldFault {
  return new WorldFault(`${place} is ${JSON.stringify(value)}, and not ${wanted}`)
}
