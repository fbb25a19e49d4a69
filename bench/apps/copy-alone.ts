// The reference of `handoff`: copies a number of bytes from one place to another, again and again.
// Forked with that number. A message says for how many milliseconds to run; the answer is the time
// of a copy.

const bytes = Number(process.argv[2])
const from = new Uint8Array(bytes).fill(1)
const to = new Uint8Array(bytes)

process.on('message', (durationMs: number) => {
  const startedAtMs = performance.now()
  let copies = 0
  let passedMs = 0
  for (; passedMs < durationMs; passedMs = performance.now() - startedAtMs) {
    to.set(from)
    copies++
  }
  process.send!({ copyMs: passedMs / copies })
})
