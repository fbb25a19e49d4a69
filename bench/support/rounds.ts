// Fair comparison on shared, noisy machines: contenders take turns, and medians are compared.
// Owns the order and the statistics; never knows what is measured.

interface RoundOptions<Measured> {
  /** Rounds that count; one more before them warms up. */
  readonly rounds?: number
  say(text: string): void
  /** Formats a measurement for progress. */
  tell?(measured: Measured): string
}

/** Lets each contender measure once a round; returns the measurements of each, round by round. */
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
    // Reverses the order each round, so that other load on the machine hits all contenders alike.
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
 * Interpolates linearly between the two nearest values; 99 % of the values do not exceed `share`
 * 0.99.
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort()
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1)
}
