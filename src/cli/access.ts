// `heddle access`: who may call, and what they may do. Works on the files of a data folder, whether
// control is running or not. Owns the commands and their output; shows a secret once, when it is
// created.

import { Command, InvalidArgumentError, Option } from 'commander'
import type { AccessUser } from '../control/access/access-file.ts'
import {
  addKey,
  addUser,
  removeKey,
  removeUser,
  sessionKey,
} from '../control/access/edit-access.ts'
import { makeSession, type TemporaryCredentials } from '../control/access/sessions.ts'
import type { ConfigOptions } from '../control/config.ts'
import type { Credentials } from '../control/credentials.ts'
import { accessCheckCommand } from './access-check.ts'
import { accessFolderOf, policyIn, readFolder } from './access-files.ts'
import { addSettings } from './settings.ts'

/** IAM's limits for sessions: 15 minutes to 36 hours, and the size of the session policy. */
const SESSION_MS_MIN = 15 * 60_000
const SESSION_MS_MAX = 36 * 3_600_000
const SESSION_POLICY_CHARACTERS_MAX = 2048

type Form = ConfigOptions & { json?: boolean; export?: boolean }

export function accessCommand(): Command {
  return new Command('access')
    .description('manage users, access keys, policies and temporary credentials')
    .addCommand(userCommand())
    .addCommand(keyCommand())
    .addCommand(sessionCommand())
    .addCommand(accessCheckCommand())
}

function userCommand(): Command {
  const add = new Command('add')
    .description('create a user with a key; shows the secret only this once')
    .argument('<name>')
    .option(
      '--policy <file>',
      'what the user may do: a policy in the JSON language of IAM; default: nothing',
    )
    .action((name: string, options: Form & { policy?: string }) => {
      const policies = options.policy === undefined ? [] : [policyIn(options.policy).value]
      show(addUser(accessFolderOf(options), name, policies), options)
    })
  const list = new Command('ls')
    .description('list users and their keys')
    .action((options: Form) => {
      for (const line of userLines(readFolder(accessFolderOf(options)).allUsers()))
        process.stdout.write(`${line}\n`)
    })
  const remove = new Command('rm')
    .description('remove a user with its keys and sessions')
    .argument('<name>')
    .action((name: string, options: Form) => removeUser(accessFolderOf(options), name))
  return group('user', 'manage the users of this installation', [
    withForm(add),
    addSettings(list, ['data']),
    addSettings(remove, ['data']),
  ])
}

function keyCommand(): Command {
  const rotate = new Command('rotate')
    .description(
      'give a user a second key; shows the secret only this once. Remove the old key with key rm',
    )
    .argument('<name>')
    .option('--replace <key>', 'remove this key at once')
    .action((name: string, options: Form & { replace?: string }) => {
      show(addKey(accessFolderOf(options), name, options.replace), options)
    })
  const remove = new Command('rm')
    .description('remove a key')
    .argument('<name>')
    .argument('<key>', 'its id')
    .action((name: string, key: string, options: Form) =>
      removeKey(accessFolderOf(options), name, key),
    )
  return group('key', 'manage the access keys of users', [
    withForm(rotate),
    addSettings(remove, ['data']),
  ])
}

function sessionCommand(): Command {
  const duration = new Option(
    '--duration <time>',
    'how long they are valid, such as 15m or 12h; at most 36h',
  )
    .argParser(durationMs)
    .default(3_600_000, '1h')
  const session = new Command('session')
    .description('create temporary credentials, which expire by themselves')
    .requiredOption('--user <name>', 'whose rights they have')
    .addOption(duration)
    .option('--policy <file>', 'a policy that narrows their rights')
    .action((options: Form & { user: string; duration: number; policy?: string }) => {
      const folder = accessFolderOf(options)
      if (readFolder(folder).user(options.user) === undefined)
        throw new Error(`there is no user ${options.user}`)
      const policy = options.policy === undefined ? undefined : policyIn(options.policy).value
      if (policy !== undefined && JSON.stringify(policy).length > SESSION_POLICY_CHARACTERS_MAX) {
        throw new Error(
          `the policy of a session may have ${SESSION_POLICY_CHARACTERS_MAX} characters at most`,
        )
      }
      const request = {
        userName: options.user,
        nowMs: Date.now(),
        durationMs: options.duration,
        ...(policy && { policy }),
      }
      show(makeSession(sessionKey(folder), request), options)
    })
  return withForm(session)
}

function group(name: string, description: string, commands: readonly Command[]): Command {
  const command = new Command(name).description(description)
  for (const each of commands) command.addCommand(each)
  return command
}

function withForm(command: Command): Command {
  command
    .option('--json', 'print JSON, for credential_process and programs')
    .option('--export', 'print lines for a shell')
  return addSettings(command, ['data'])
}

/** Prints the AWS credentials format unless another one is asked for. */
function show(made: Credentials | TemporaryCredentials, form: Form): void {
  const { accessKeyId, secretAccessKey } = made
  const sessionToken = 'sessionToken' in made ? made.sessionToken : undefined
  const lines = [
    ['aws_access_key_id', accessKeyId],
    ['aws_secret_access_key', secretAccessKey],
    ...(sessionToken === undefined ? [] : [['aws_session_token', sessionToken]]),
  ] as [string, string][]
  const session =
    'sessionToken' in made
      ? { SessionToken: made.sessionToken, Expiration: new Date(made.expiresAtMs).toISOString() }
      : {}
  const json = {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    ...session,
  }
  if (form.json) process.stdout.write(`${JSON.stringify(json)}\n`)
  else if (form.export)
    for (const [name, value] of lines)
      process.stdout.write(`export ${name.toUpperCase()}=${value}\n`)
  else
    process.stdout.write(
      `[default]\n${lines.map(([name, value]) => `${name} = ${value}\n`).join('')}`,
    )
}

function userLines(users: readonly AccessUser[]): string[] {
  if (users.length === 0) return ['no users; the key of the operator may do everything']
  return users.map(({ name, keys, policies }) => {
    const ids = keys.map(({ accessKeyId }) => accessKeyId).join(' ') || 'no keys'
    return `${name}  ${ids}  ${policies.length === 1 ? '1 policy' : `${policies.length} policies`}`
  })
}

function durationMs(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  const value =
    Number(count) * { s: 1000, m: 60_000, h: 3_600_000 }[(unit ?? 's') as 's' | 'm' | 'h']
  if (value >= SESSION_MS_MIN && value <= SESSION_MS_MAX) return value
  throw new InvalidArgumentError('It must be from 15m to 36h.')
}
