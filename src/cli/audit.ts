// `heddle audit`: shows who called what, from the records in the data folder. Owns the filters and
// the form of a line; never writes a record.

import { once } from 'node:events'
import { Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { parseJson } from '../base/parse.ts'
import { type ConfigOptions, resolveDataFolder } from '../control/config.ts'
import { dataFolder } from '../control/data-folder.ts'
import { readAudits } from '../io/audit/read-audit.ts'
import { addSettings } from './settings.ts'

interface AuditOptions extends ConfigOptions {
  /** In ms since 1970. */
  since?: number
  operation?: string
  user?: string
  errors?: boolean
  follow?: boolean
  json?: boolean
}

/** What is shown of a record. */
const eventShape = z.looseObject({
  eventTime: z.string(),
  eventName: z.string(),
  sourceIPAddress: z.string(),
  userIdentity: z.looseObject({
    type: z.string(),
    arn: z.string().optional(),
    accessKeyId: z.string().optional(),
    userName: z.string().optional(),
  }),
  requestParameters: z.looseObject({}).nullish(),
  errorCode: z.string().optional(),
  errorMessage: z.string().optional(),
})
type ShownEvent = z.infer<typeof eventShape>

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const COLUMNS = ['TIME', 'USER', 'FROM', 'OPERATION', 'ON', 'RESULT'] as const
/** Longer values move the rest of their line to the right. */
const WIDTHS = [20, 20, 15, 22, 24, 0]

export function auditCommand(): Command {
  const command = new Command('audit')
    .description('show who called what')
    .option(
      '--since <time>',
      'only records since then: 30s, 15m, 2h or 7d ago, or a date such as 2026-01-31T12:00Z',
      timeOf,
    )
    .option('--operation <name>', 'only this operation, such as StartSimulation')
    .option('--user <name>', 'only this user: a name, an ARN or an access key')
    .option('--errors', 'only calls that were refused or failed')
    .option('--follow', 'keep printing new records until Ctrl-C')
    .option('--json', 'print whole records, one line of JSON each')
  return addSettings(command, ['data']).action(audit)
}

async function audit(options: AuditOptions): Promise<void> {
  const { audit: known, unknownAudit } = dataFolder(resolveDataFolder(options, process.env))
  const ended = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ended.abort())
  // The reader of our output may have seen enough.
  process.stdout.once('error', () => ended.abort())
  if (options.json !== true) await write(rowOf(COLUMNS), ended.signal)
  const reading = { follow: options.follow === true, signal: ended.signal }
  for await (const line of readAudits([known, unknownAudit], timeOfLine, reading)) {
    if (ended.signal.aborted) return
    const event = eventOf(line)
    if (event === undefined || !isWanted(event, options)) continue
    await write(options.json === true ? line : rowOf(cellsOf(event)), ended.signal)
  }
}

/** ISO 8601 texts sort in the order of time. */
function timeOfLine(line: string): string {
  return /"eventTime":"([^"]*)"/.exec(line)?.[1] ?? ''
}

/** Undefined for a line that was cut short, or that is no record. */
function eventOf(line: string): ShownEvent | undefined {
  return parseJson(eventShape, line).content
}

function isWanted(event: ShownEvent, { since, operation, user, errors }: AuditOptions): boolean {
  const { arn, accessKeyId } = event.userIdentity
  return (
    (since === undefined || Date.parse(event.eventTime) >= Math.floor(since / 1000) * 1000) &&
    (operation === undefined || event.eventName.toLowerCase() === operation.toLowerCase()) &&
    (user === undefined || [nameOf(event), arn, accessKeyId].includes(user)) &&
    (errors !== true || event.errorCode !== undefined)
  )
}

/** The operator is not a user and is shown as `root`. */
function nameOf({ userIdentity }: ShownEvent): string | undefined {
  return userIdentity.type === 'Root' ? 'root' : userIdentity.userName
}

function cellsOf(event: ShownEvent): string[] {
  const { accessKeyId, type } = event.userIdentity
  const result =
    event.errorCode === undefined ? 'ok' : `${event.errorCode}: ${event.errorMessage ?? ''}`
  const user = nameOf(event) ?? accessKeyId ?? type
  return [
    event.eventTime,
    user,
    event.sourceIPAddress,
    event.eventName,
    targetOf(event.requestParameters),
    result,
  ]
}

/** What a call was about, in a few words. */
function targetOf(parameters: ShownEvent['requestParameters']): string {
  const members: Record<string, unknown> = parameters ?? {}
  const { Simulation, Name, App, Domain, ResourceArn, bucketName, key } = members
  const parts =
    ResourceArn === undefined ? [Simulation, Domain, Name ?? App, bucketName, key] : [ResourceArn]
  return parts.filter((part) => typeof part === 'string').join('/') || '-'
}

/** Control characters from callers must not reach a terminal. */
function rowOf(cells: readonly string[]): string {
  const shown = cells.map((cell, index) => cell.replaceAll(/\p{Cc}/gu, '?').padEnd(WIDTHS[index]))
  return shown.join('  ').trimEnd()
}

async function write(line: string, signal: AbortSignal): Promise<void> {
  if (process.stdout.write(`${line}\n`)) return
  await once(process.stdout, 'drain', { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

function timeOf(text: string): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text)
  if (ago !== null) return Date.now() - Number(ago[1]) * UNIT_MS[ago[2]]
  const timeMs = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(timeMs))
    throw new InvalidArgumentError('It is a time such as 15m, 2h, 7d or 2026-01-31T12:00Z.')
  return timeMs
}
