// `heddle access check`: whether a call would be allowed, and which statement of which file
// decides. Owns the explanation; control's own code decides.

import { Command, InvalidArgumentError } from 'commander'
import { userPrincipal } from '../control/access/access.ts'
import type { AccessUser } from '../control/access/access-file.ts'
import { type ConfigOptions, resolveConfig } from '../control/config.ts'
import { type Decision, evaluate } from '../core/access/evaluate.ts'
import { RequestContext, tagValues } from '../core/access/request-context.ts'
import { actionFault, unknownKeyFault } from '../core/access/vocabulary.ts'
import { accessFolderOf, policyIn, readFolder } from './access-files.ts'
import { addSettings } from './settings.ts'

interface CheckOptions extends ConfigOptions {
  user: string
  action: string
  resource: string
  tag?: Record<string, string>
  requestTag?: Record<string, string>
  context?: Record<string, string>
  sessionPolicy?: string
}

const DENIED_EXIT_CODE = 3

export function accessCheckCommand(): Command {
  const command = new Command('check')
    .description(`explain a decision; exits with ${DENIED_EXIT_CODE} if it is a denial`)
    .requiredOption('--user <name>', 'the user who calls')
    .requiredOption(
      '--action <action>',
      'the action, such as simspaceweaver:StartClock or s3:GetObject',
    )
    .option('--resource <arn>', 'the ARN that is acted on', '*')
    .option('--tag <key=value>', 'a tag of the resource; may be repeated', pair)
    .option('--request-tag <key=value>', 'a tag that the request carries; may be repeated', pair)
    .option(
      '--context <key=value>',
      'any condition key, such as aws:SourceIp=10.0.0.1; may be repeated',
      pair,
    )
    .option(
      '--session-policy <file>',
      'decide as for temporary credentials that this policy narrows',
    )
    .action(check)
  return addSettings(command, ['data', 'account', 'region'])
}

function check(options: CheckOptions): void {
  const { tag = {}, requestTag = {}, context: given = {} } = options
  const fault = [actionFault(options.action), ...Object.keys(given).map(unknownKeyFault)].find(
    Boolean,
  )
  if (fault !== undefined) throw new Error(fault)
  const folder = accessFolderOf(options)
  const user = readFolder(folder).user(options.user)
  if (user === undefined) throw new Error(`there is no user ${options.user}`)
  const { accountId, region } = resolveConfig(options, process.env)
  const nowMs = Date.now()
  const context = new RequestContext({
    'aws:CurrentTime': new Date(nowMs).toISOString(),
    'aws:EpochTime': String(Math.floor(nowMs / 1000)),
    'aws:RequestedRegion': region,
    ...tagValues(tag, 'aws:ResourceTag'),
    ...tagValues(requestTag, 'aws:RequestTag'),
    'aws:TagKeys': Object.keys(requestTag),
    ...given,
    ...userPrincipal(user.name, accountId).values,
  })
  const sessionPolicy =
    options.sessionPolicy === undefined ? undefined : policyIn(options.sessionPolicy).policy
  const { action, resource } = options
  const grants = { policies: user.policies, ...(sessionPolicy && { sessionPolicy }) }
  const decision = evaluate({ action, resource, context }, grants)
  process.stdout.write(`${explanation(decision, user, folder)}\n`)
  if (!decision.allowed) process.exitCode = DENIED_EXIT_CODE
}

function explanation(decision: Decision, user: AccessUser, folder: string): string {
  if ('by' in decision) {
    const verdict = decision.allowed ? 'allowed' : 'denied'
    return `${verdict}: ${placeOf(decision.by, user, folder)}`
  }
  if (decision.why === 'noSessionAllow')
    return 'denied: the policy of the session does not allow it'
  return `denied: no statement of ${folder}/${user.file} allows it`
}

function placeOf(
  by: Extract<Decision, { by: unknown }>['by'],
  user: AccessUser,
  folder: string,
): string {
  if (by.policy === 'session') return `statement ${by.statement + 1} of the session's policy`
  const { sid, effect } = user.policies[by.policy]!.statements[by.statement]!
  const line = user.lines[by.policy]![by.statement]
  const place = `${folder}/${user.file}:${line}, statement ${by.statement + 1}`
  return `${place} of policy ${by.policy + 1} (${sid ?? effect})`
}

function pair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals < 1) throw new InvalidArgumentError('It must read key=value.')
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) }
}
