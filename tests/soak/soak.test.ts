import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growth, parts, type Sample, soak } from './soak.ts'

test('a world in constant change goes on, and each of its parts is measured', async () => {
  const { samples, ticks, visitors } = await soak({ minutes: 0.1, intervalMs: 1000 })
  assert.ok(ticks > 0, `${ticks} ticks`)
  assert.equal(visitors, samples.length)
  for (const sample of samples)
    for (const part of parts) assert.ok(sample[part] > 0, `${part}: ${sample[part]} MiB`)
})

test('growth is told from ups and downs', () => {
  const samples = Array.from({ length: 60 }, (_, minutes): Sample => {
    const wave = Math.sin(minutes) * 20
    return {
      minutes,
      control: 100 + wave,
      worker: 100 + minutes,
      apps: 100 - minutes,
      shared: 5,
      disk: 100 + minutes / 60,
    }
  })
  const grew = Object.entries(growth(samples)).filter(([, part]) => part.grew)
  assert.deepEqual(
    grew.map(([part]) => part),
    ['worker'],
  )
})
