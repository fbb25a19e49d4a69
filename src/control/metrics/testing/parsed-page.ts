// Reads a page of metrics in Prometheus's text format and fails for anything that the format does
// not allow. Owns the rules of the format (version 0.0.4) and of its histograms; never knows which
// metrics there are.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export class ParsedPage {
  readonly samples: readonly Sample[]
  /** By family. */
  readonly types: ReadonlyMap<string, string>

  constructor(text: string) {
    const { samples, types } = parsePage(text)
    this.samples = samples
    this.types = types
  }

  /** All samples of a name that have these labels. */
  all(name: string, labels: Record<string, string> = {}): Sample[] {
    return this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
  }

  /** The value of the only such sample. */
  value(name: string, labels: Record<string, string> = {}): number {
    const found = this.all(name, labels)
    assert.equal(found.length, 1, `${found.length} samples of ${name} ${JSON.stringify(labels)}`)
    return found[0].value
  }

  sum(name: string, labels: Record<string, string> = {}): number {
    return this.all(name, labels).reduce((sum, { value }) => sum + value, 0)
  }
}

const METRIC_NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const samplePattern = new RegExp(`^(${METRIC_NAME})(?:\\{(.*)\\})? (\\S+)$`)

function parsePage(text: string): { samples: Sample[]; types: Map<string, string> } {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const samples: Sample[] = []
  const types = new Map<string, string>()
  const helped = new Set<string>()
  const seen = new Set<string>()
  let family = ''
  for (const line of text.split('\n').slice(0, -1)) {
    if (line === '') continue
    const [, keyword, name = '', rest = ''] =
      new RegExp(`^# (HELP|TYPE) (${METRIC_NAME}) (.*)$`).exec(line) ?? []
    if (keyword === 'HELP') {
      assert.ok(!helped.has(name), `${name} is there once`)
      helped.add(name)
      family = name
    } else if (keyword === 'TYPE') {
      assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/)
      assert.ok(!types.has(name) && family === name, `the type of ${name} stands behind its help`)
      types.set(name, rest)
    } else {
      const sample = parseSample(line)
      const parts = types.get(family) === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      assert.ok(
        parts.some((part) => sample.name === family + part),
        `${line} stands among those of ${family}`,
      )
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
      assert.ok(!seen.has(series), `${series} is there once`)
      seen.add(series)
      if (types.get(family) === 'counter')
        assert.ok(family.endsWith('_total') && sample.value >= 0, line)
      samples.push(sample)
    }
  }
  for (const [name, type] of types) if (type === 'histogram') checkHistograms(name, samples)
  return { samples, types }
}

function parseSample(line: string): Sample {
  const [, name, labelText = '', valueText] = samplePattern.exec(line) ?? []
  assert.ok(name, `not a sample: ${line}`)
  const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText)
  assert.ok(!Number.isNaN(value), `not a number: ${line}`)
  const labels: Record<string, string> = {}
  labelPattern.lastIndex = 0
  while (labelPattern.lastIndex < labelText.length) {
    const [, label, escaped] = labelPattern.exec(labelText) ?? []
    assert.ok(label && !(label in labels), `the labels of ${line}`)
    labels[label] = escaped.replaceAll(/\\(.)/g, (_, character) =>
      character === 'n' ? '\n' : character,
    )
  }
  return { name, labels, value }
}

/**
 * The buckets' bounds and counts ascend; the last bound is +Inf, and its count is the histogram's.
 */
function checkHistograms(name: string, samples: readonly Sample[]): void {
  const keyOf = ({ le: _, ...labels }: Record<string, string>) =>
    JSON.stringify(Object.entries(labels).sort())
  const of = (part: string) =>
    Map.groupBy(
      samples.filter((sample) => sample.name === `${name}_${part}`),
      ({ labels }) => keyOf(labels),
    )
  const [buckets, sums, counts] = [of('bucket'), of('sum'), of('count')]
  assert.deepEqual([...sums.keys()], [...counts.keys()])
  assert.deepEqual([...buckets.keys()].sort(), [...counts.keys()].sort())
  for (const [key, those] of buckets) {
    const bounds = those.map(({ labels: { le } }) =>
      le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
    )
    assert.ok(
      bounds.every((bound, place) => place === 0 || bound > bounds[place - 1]),
      `bounds of ${name} ${key} ascend`,
    )
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY)
    assert.ok(
      those.every(({ value }, place) => place === 0 || value >= those[place - 1].value),
      `buckets of ${name} ${key} are cumulative`,
    )
    assert.equal(those.at(-1)?.value, counts.get(key)?.[0].value)
  }
}

const PYTHON = '/usr/bin/python3'
const parser = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
families = text_string_to_metric_families(sys.stdin.read())
print(json.dumps([[s.name, s.labels, str(s.value)] for f in families for s in f.samples]))
`

/**
 * The page as Prometheus's own client for Python reads it; undefined if this machine does not have
 * it.
 */
export async function parseWithPython(text: string): Promise<Sample[] | undefined> {
  const run = promisify(execFile)
  if (!(await run(PYTHON, ['-c', 'import prometheus_client']).catch(() => undefined)))
    return undefined
  const child = run(PYTHON, ['-c', parser], { maxBuffer: 256 * 1024 ** 2 })
  child.child.stdin?.end(text)
  const { stdout } = await child
  return (JSON.parse(stdout) as [string, Record<string, string>, string][]).map(
    ([name, labels, value]) => ({
      name,
      labels,
      value: value === 'inf' ? Number.POSITIVE_INFINITY : Number(value),
    }),
  )
}
