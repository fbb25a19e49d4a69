// Scenarios as text: what their lines expect, and how far a language's answers agree.
// Owns the comparison: numbers compare as 32-bit floats, and lists without an order as sets.

import { CALLS } from './calls.ts'

/** One call of an app, in one tick. */
export interface Expectation {
  /** Line of all scenarios together, by which drivers name their answers. */
  line: number
  /** Where a reader finds it. */
  place: string
  scenario: string
  /** Ticks of a scenario count from 0. */
  tick: number
  app: string
  call: string
  words: readonly string[]
  /** What it answers when it is made first, and made again by the app's next processes. */
  answers: readonly string[]
}

export interface Scenarios {
  /** What drivers read. */
  text: string
  expectations: readonly Expectation[]
  /** Ticks of the world. */
  ticks: number
}

/** Joins files, in order. Throws if a line is no line of a scenario. */
export function readScenarios(files: readonly { name: string; text: string }[]): Scenarios {
  const lines: string[] = []
  const expectations: Expectation[] = []
  let [scenario, tick, ticks] = ['', 0, 0]
  for (const { name, text } of files) {
    text.split('\n').forEach((raw, index) => {
      const line = raw.trimEnd()
      lines.push(line)
      const place = `${name}:${index + 1}`
      if (line === '' || line.startsWith('#')) return
      if (line.startsWith('scenario ')) [scenario, tick] = [line.slice('scenario '.length), 0]
      else if (line === 'tick') tick++
      else {
        const where = { line: lines.length, place, scenario, tick }
        expectations.push(readCall(line, where))
        return
      }
      ticks++
    })
  }
  return { text: lines.join('\n'), expectations, ticks }
}

function readCall(
  line: string,
  where: Pick<Expectation, 'line' | 'place' | 'scenario' | 'tick'>,
): Expectation {
  const [left, right, ...rest] = line.split(' -> ')
  const [app, call, ...words] = left.split(' ')
  if (right === undefined || rest.length > 0 || !CALLS[call] || where.tick === 0)
    throw new Error(
      `${where.place}: '${line}' is neither 'scenario …', 'tick' nor '<app> <call> … -> <answer>'`,
    )
  return { ...where, app, call, words, answers: right.split(' | ') }
}

/** A driver's answers, by line; several if processes of its app repeated the tick. */
export type Transcript = ReadonlyMap<number, readonly string[]>

/** `<line>: <answer>` a line; whatever else a process prints is none of it. */
export function readTranscript(output: readonly string[]): Transcript {
  const found = new Map<number, string[]>()
  for (const text of output) {
    const [, line, answer] = /^(\d+): (.*)$/.exec(text) ?? []
    if (line === undefined) continue
    const answers = found.get(Number(line)) ?? []
    answers.push(answer)
    found.set(Number(line), answers)
  }
  return found
}

/** Every difference of an app's answers from what is expected, in the order of the scenarios. */
export function differences(
  expectations: readonly Expectation[],
  transcript: Transcript,
): string[] {
  return expectations.flatMap((expectation) => {
    const { line, call, answers } = expectation
    const given = transcript.get(line) ?? []
    const isEqual =
      given.length === answers.length &&
      given.every((answer, at) => canonical(call, answer) === canonical(call, answers[at]))
    return isEqual ? [] : [describe(expectation, given)]
  })
}

function describe(expectation: Expectation, given: readonly string[]): string {
  const { place, scenario, tick, app, call, words, answers } = expectation
  return (
    `${place} (${scenario}, tick ${tick}): ${[app, call, ...words].join(' ')}\n` +
    `  expected ${answers.join(' | ')}\n` +
    `  answered ${given.join(' | ') || 'nothing'}`
  )
}

function canonical(call: string, answer: string): string {
  const items = answer.split(', ').map((item) => item.split(' ').map(canonicalWord).join(' '))
  return (CALLS[call].unordered ? items.sort() : items).join(', ')
}

/** A number in any notation that reads back as the same 32-bit float. */
function canonicalWord(word: string): string {
  if (/^[+-]?nan$/i.test(word)) return 'NaN'
  const [, sign] = /^([+-]?)inf(inity)?$/i.exec(word) ?? []
  if (sign !== undefined) return `${sign === '-' ? '-' : ''}Infinity`
  return /^-?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(word) ? String(Math.fround(Number(word))) : word
}
