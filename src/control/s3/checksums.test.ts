import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { it } from 'node:test'
import fc from 'fast-check'
import { startChecksum } from './checksums.ts'

function sumOf(algorithm: string, ...pieces: Uint8Array[]): string {
  const sum = startChecksum(algorithm)!
  for (const piece of pieces) sum.update(piece)
  return sum.digest().toString('hex')
}

it('the checksums have their published check values for the text 123456789', () => {
  const text = Buffer.from('123456789')
  assert.equal(sumOf('crc32', text), 'cbf43926')
  assert.equal(sumOf('crc32c', text), 'e3069283')
  assert.equal(sumOf('crc64nvme', text), 'ae8b14860a799888')
  for (const name of ['md5', 'sha1', 'sha256', 'sha512']) {
    assert.equal(sumOf(name, text), createHash(name).update(text).digest('hex'))
  }
})

it('a checksum does not depend on how the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.uint8Array(),
      fc.constantFrom('crc32', 'crc32c', 'crc64nvme'),
      (one, two, name) => {
        assert.equal(sumOf(name, one, two), sumOf(name, Buffer.concat([one, two])))
      },
    ),
  )
})

it('an unknown checksum is undefined, whatever its name', () => {
  for (const name of ['crc16', '', 'toString', '__proto__'])
    assert.equal(startChecksum(name), undefined)
})
