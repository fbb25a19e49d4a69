// Makes the crowd's packages and schema, and puts them in a bucket:
//   node samples/crowd/package.ts --endpoint URL --bucket B [--people N] [--grid 3x3]
//                                 [--seed S] [--region R]
// Owns what goes into the zips. They do not contain the SDK: the worker provides it.

import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { parseDocument } from 'yaml'
import { ZipFile } from 'yazl'

interface CrowdSettings {
  bucket: string
  people: number
  columns: number
  rows: number
  seed: number
}

export const SCHEMA_KEY = 'crowd/schema.yaml'
const CROWD_DOMAIN = 'Crowd'
export const VIEW_DOMAIN = 'View'

const sample = import.meta.dirname
const packageKeys = { spatial: 'crowd/packages/spatial.zip', view: 'crowd/packages/view.zip' }
/** In m². */
const ROOM_PER_PERSON = 18

/** Returns half the side of a square that gives each person enough room, in m. */
export function halfSideFor(people: number): number {
  return Math.max(30, Math.ceil(Math.sqrt(people * ROOM_PER_PERSON) / 2))
}

/** Makes the bucket if it is missing, and puts packages and schema into it. Returns the keys. */
export async function uploadCrowd(client: S3Client, settings: CrowdSettings): Promise<string[]> {
  const objects = new Map<string, Uint8Array | string>([
    [packageKeys.spatial, await spatialPackage()],
    [packageKeys.view, await viewPackage()],
    [SCHEMA_KEY, await crowdSchema(settings)],
  ])
  await makeBucket(client, settings.bucket)
  for (const [Key, Body] of objects)
    await client.send(new PutObjectCommand({ Bucket: settings.bucket, Key, Body }))
  return [...objects.keys()]
}

/** Returns the sample's schema with these settings. */
export async function crowdSchema({
  bucket,
  people,
  columns,
  rows,
  seed,
}: CrowdSettings): Promise<string> {
  const schema = parseDocument(await readFile(join(sample, 'schema.yaml'), 'utf8'))
  const half = halfSideFor(people)
  schema.setIn(['partitioning_strategies', 'Square', 'aabb_bounds'], {
    x: [-half, half],
    y: [-half, half],
  })
  const crowd = ['domains', CROWD_DOMAIN]
  schema.setIn([...crowd, 'launch_apps_by_partitioning_strategy', 'grid_partition'], {
    x: columns,
    y: rows,
  })
  schema.setIn([...crowd, 'app_config', 'package'], `s3://${bucket}/${packageKeys.spatial}`)
  const command = ['node', 'app.ts', '--seed', String(seed), '--people', String(people)]
  schema.setIn(
    [...crowd, 'app_config', 'launch_command'],
    schema.createNode(command, { flow: true }),
  )
  schema.setIn(
    ['domains', VIEW_DOMAIN, 'app_config', 'package'],
    `s3://${bucket}/${packageKeys.view}`,
  )
  schema.setIn(
    ['workers', 'Workers', 'desired'],
    Math.ceil((columns * rows + 1) / UNITS_PER_WORKER),
  )
  return schema.toString()
}

/** Compute units of a simulation's worker; each of the crowd's apps takes one. */
const UNITS_PER_WORKER = 17

export async function spatialPackage(): Promise<Uint8Array> {
  return zip(await sources(join(sample, 'spatial')))
}

/** Includes the library `ws`, as any app includes its own dependencies. */
export async function viewPackage(): Promise<Uint8Array> {
  const ws = dirname(createRequire(import.meta.url).resolve('ws/package.json'))
  const library = await filesBelow(ws)
  const files = await sources(join(sample, 'view'))
  for (const file of library)
    files.set(join('node_modules/ws', relative(ws, file)), await readFile(file))
  return zip(files)
}

/** Returns a folder's TypeScript files, without tests. */
async function sources(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>([
    ['package.json', Buffer.from('{ "type": "module" }\n')],
  ])
  for (const file of await filesBelow(folder))
    if (file.endsWith('.ts') && !file.endsWith('.test.ts'))
      files.set(relative(folder, file), await readFile(file))
  return files
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return files.sort()
}

/** Returns the same bytes for the same files. */
async function zip(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const archive = new ZipFile()
  const mtime = new Date('2000-01-01T00:00:00Z')
  for (const [path, bytes] of files)
    archive.addBuffer(Buffer.from(bytes), path, { mtime, mode: 0o100644 })
  archive.end()
  return await buffer(archive.outputStream)
}

async function makeBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } catch (error) {
    if ((error as Error).name !== 'BucketAlreadyOwnedByYou') throw error
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      endpoint: { type: 'string' },
      bucket: { type: 'string' },
      people: { type: 'string', default: '20000' },
      grid: { type: 'string', default: '3x3' },
      seed: { type: 'string', default: '7' },
      region: { type: 'string', default: process.env.AWS_REGION ?? 'us-west-2' },
    },
  })
  const grid = /^(\d+)x(\d+)$/.exec(values.grid)
  const people = Number(values.people)
  const seed = Number(values.seed)
  if (
    !values.bucket ||
    !grid ||
    !Number.isInteger(people) ||
    people < 0 ||
    !Number.isInteger(seed)
  ) {
    throw new Error(
      'usage: node samples/crowd/package.ts --endpoint URL --bucket B ' +
        '[--people N] [--grid 3x3] [--seed S] [--region R]',
    )
  }
  const client = new S3Client({
    endpoint: values.endpoint,
    region: values.region,
    forcePathStyle: true,
  })
  const settings = {
    bucket: values.bucket,
    people,
    columns: Number(grid[1]),
    rows: Number(grid[2]),
    seed,
  }
  for (const key of await uploadCrowd(client, settings))
    console.log(`s3://${settings.bucket}/${key}`)
}

if (import.meta.main) await main()
