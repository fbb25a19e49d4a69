// `heddle clients`: teaches the AWS CLI and boto3 of this user the API.
// Owns one file under ~/.aws/models; never touches a model that Heddle has not put there, unless told to.

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { API_VERSION, SERVICE_NAME } from '../core/api/operations.ts'

const MODEL_PATH = join(SERVICE_NAME, API_VERSION, 'service-2.json')
const OWN_MODEL = fileURLToPath(new URL(`../../clients/botocore/${MODEL_PATH}`, import.meta.url))

export function clientsCommand(): Command {
  const install = new Command('install')
    .description('put the model of the API where the AWS CLI and boto3 look for it: ~/.aws/models')
    .option('--remove', 'take it away again')
    .option('--force', 'also where another model lies there')
    .action(installModel)
  return new Command('clients').description('set up other clients of the API').helpCommand(false).addCommand(install)
}

async function installModel(options: { remove?: boolean; force?: boolean }): Promise<void> {
  const file = join(process.env.HOME || homedir(), '.aws', 'models', MODEL_PATH)
  const present = existsSync(file) ? await readFile(file, 'utf8') : undefined
  if (present !== undefined && !isOurs(present) && !options.force) {
    throw new Error(
      `${file} is not Heddle's model; use --force to ${options.remove ? 'remove' : 'replace'} it all the same`,
    )
  }
  process.stdout.write(`${options.remove ? await remove(file, present) : await install(file, present)}\n`)
}

async function install(file: string, present: string | undefined): Promise<string> {
  const model = await readFile(OWN_MODEL, 'utf8')
  if (present === model) return `${file} is there already`
  await mkdir(dirname(file), { recursive: true })
  // Whole or not at all: a client may read it at any time.
  const fresh = `${file}.${randomUUID()}.new`
  try {
    await writeFile(fresh, model, { flag: 'wx', flush: true })
    await rename(fresh, file)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
  return `${present === undefined ? 'installed' : 'replaced'} ${file}`
}

async function remove(file: string, present: string | undefined): Promise<string> {
  if (present === undefined) return `${file} is not there`
  await rm(file)
  await removeEmptyFolders(dirname(file), 2)
  return `removed ${file}`
}

/** The folder and those above it, `levels` in all, as far as nothing else is in them. */
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
