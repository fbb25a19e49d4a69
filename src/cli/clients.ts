// `heddle clients`: teaches the user's AWS CLI and boto3 the API. Owns one folder under
// ~/.aws/models; never touches a model that Heddle did not install, unless forced.

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { homeFolder } from '../control/config.ts'
import { API_VERSION, SERVICE_NAME } from '../core/api/operations.ts'

const MODEL_FOLDER = join(SERVICE_NAME, API_VERSION)
/** The first file says whose model it is. */
const FILES = ['service-2.json', 'paginators-1.json']
const OWN_FOLDER = fileURLToPath(new URL(`../../clients/botocore/${MODEL_FOLDER}`, import.meta.url))

export function clientsCommand(): Command {
  const install = new Command('install')
    .description('install the model of the API for the AWS CLI and boto3 in ~/.aws/models')
    .option('--remove', 'remove it again')
    .option('--force', 'replace another model')
    .action(installModel)
  return new Command('clients')
    .description('set up the AWS CLI and boto3')
    .helpCommand(false)
    .addCommand(install)
}

async function installModel(options: { remove?: boolean; force?: boolean }): Promise<void> {
  const folder = join(
    homeFolder(process.env, 'use aws configure add-model'),
    '.aws',
    'models',
    MODEL_FOLDER,
  )
  const [present, own] = await Promise.all([textsIn(folder), textsIn(OWN_FOLDER)])
  const [model] = present
  if (model !== undefined && !isOurs(model) && !options.force) {
    const file = join(folder, FILES[0]!)
    throw new Error(
      `${file} is not Heddle's model; use --force to ` +
        `${options.remove ? 'remove' : 'replace'} it all the same`,
    )
  }
  process.stdout.write(
    `${options.remove ? await remove(folder, present) : await install(folder, present, own)}\n`,
  )
}

type Texts = readonly (string | undefined)[]

function textsIn(folder: string): Promise<Texts> {
  const paths = FILES.map((name) => join(folder, name))
  return Promise.all(
    paths.map(async (path) => (existsSync(path) ? readFile(path, 'utf8') : undefined)),
  )
}

async function install(folder: string, present: Texts, own: Texts): Promise<string> {
  if (present.every((text, index) => text === own[index])) return `${folder} is there already`
  await mkdir(folder, { recursive: true })
  for (const [index, name] of FILES.entries()) await writeWhole(join(folder, name), own[index]!)
  return `${present[0] === undefined ? 'installed' : 'replaced'} ${folder}`
}

/** Whole or not at all: a client may read it at any time. */
async function writeWhole(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomUUID()}.new`
  try {
    await writeFile(fresh, text, { flag: 'wx', flush: true })
    await rename(fresh, file)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}

async function remove(folder: string, present: Texts): Promise<string> {
  if (present[0] === undefined) return `${folder} is not there`
  for (const name of FILES) await rm(join(folder, name), { force: true })
  await removeEmptyFolders(folder, 2)
  return `removed ${folder}`
}

/** Removes the folder and up to `levels` folders in all above it, as long as they are empty. */
async function removeEmptyFolders(folder: string, levels: number): Promise<void> {
  if (levels === 0) return
  try {
    await rmdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') return
    throw error
  }
  await removeEmptyFolders(dirname(folder), levels - 1)
}

function isOurs(text: string): boolean {
  try {
    const model = JSON.parse(text)
    return String(model?.metadata?.serviceFullName).startsWith('Heddle')
  } catch {
    return false // whatever it is, it is not ours
  }
}
