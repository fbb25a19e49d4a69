// The reference of `calls`: the same loads and stores through functions over plain typed arrays,
// without checks and without readers to inform. Forked with its number of entities. A message says
// for how many milliseconds to run; the answer is the time of a pass over all of them.

const count = Number(process.argv[2])
const LIMIT = 900
const FIELD_BYTES = 12

const positions = new Float32Array(count * 3).map((_, place) =>
  place % 3 === 0 ? (place / 3) % LIMIT : 0,
)
const fields = new Uint8Array(count * FIELD_BYTES)
const rows = Array.from({ length: count }, (_, row) => row)
const position: [number, number, number] = [0, 0, 0]
const data = new Uint8Array(FIELD_BYTES)

process.on('message', (durationMs: number) => {
  const startedAtMs = performance.now()
  let passes = 0
  let passedMs = 0
  for (; passedMs < durationMs; passedMs = performance.now() - startedAtMs) {
    pass()
    passes++
  }
  process.send!({ passMs: passedMs / passes })
})

function pass(): void {
  for (const row of rows) {
    loadPosition(row, position)
    position[0] = position[0] < LIMIT ? position[0] + 0.5 : -LIMIT
    storePosition(row, position)
    loadField(row, data)
    data[0]++
    storeField(row, data)
  }
}

function loadPosition(row: number, into: [number, number, number]): void {
  into[0] = positions[row * 3]
  into[1] = positions[row * 3 + 1]
  into[2] = positions[row * 3 + 2]
}

function storePosition(row: number, [x, y, z]: readonly [number, number, number]): void {
  positions[row * 3] = x
  positions[row * 3 + 1] = y
  positions[row * 3 + 2] = z
}

function loadField(row: number, into: Uint8Array): void {
  for (let byte = 0; byte < FIELD_BYTES; byte++) into[byte] = fields[row * FIELD_BYTES + byte]
}

function storeField(row: number, from: Uint8Array): void {
  for (let byte = 0; byte < FIELD_BYTES; byte++) fields[row * FIELD_BYTES + byte] = from[byte]
}
