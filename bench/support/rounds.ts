// Fair comparison on machines that are shared and noisy: contenders take turns, and medians are
// compared.
// Owns the order and the statistics; never knows what is measured.

interface RoundOptions<Measured> {
  /** That count; there is one more before them, to warm up. */
  readonly rounds?: number
  say(text: string): void
  /** How a measurement is told. */
  tell?(measured: Measured): string
}

/** Lets each contender measure once a round, and gives what each has measured, round by round. */
export async function interleaved<Name extends string, Measured>(
  contenders: Readonly<Record<Name, () => Promise<Measured> | Measured>>,
  { rounds = 5, say, tell = tellNumber }: RoundOptions<Measured>,
): Promise<Record<Name, Measured[]>> {
  const names = Object.keys(contenders) as Name[]
  const measured = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<
    Name,
    Measured[]
  >
  for (let round = 0; round <= rounds; round += 1) {
    // Whoever comes first in one round comes last in the next: what the machine does meanwhile hits
    // all alike.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const found = await contenders[name]()
      if (round > 0) measured[name].push(found)
      say(`${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: ${name} ${tell(found)}`)
    }
  }
  return measured
}

function tellNumber(measured: unknown): string {
  return typeof measured === 'number' ? measured.toPrecision(4) : JSON.stringify(measured)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/**
 * By linear interpolation between the two nearest; `share` 0.99 is what 99 % of the values don't
 * exceed.
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort()
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1)
}
