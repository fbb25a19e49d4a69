// The condition keys of a request and their values. Owns how a key is found; never knows where the
// values come from.

/**
 * Keys as AWS writes them (`aws:SourceIp`, `aws:ResourceTag/team`). A key with an empty list counts
 * as absent.
 */
export type ContextValues = Readonly<Record<string, string | readonly string[]>>

export class RequestContext {
  readonly #layers: readonly ContextValues[]
  #anyCase: ReadonlyMap<string, readonly string[]> | undefined

  /** Later layers override earlier ones. */
  constructor(...layers: readonly ContextValues[]) {
    this.#layers = layers
  }

  /**
   * Finds a key in any case. If two tags differ only in case, the one with the same spelling wins.
   */
  valuesOf(key: string): readonly string[] | undefined {
    const value = this.#layers.findLast((layer) => Object.hasOwn(layer, key))?.[key]
    return presentList(value) ?? this.#inAnyCase().get(key.toLowerCase())
  }

  /** The first of the keys that differ only in case. */
  #inAnyCase(): ReadonlyMap<string, readonly string[]> {
    if (this.#anyCase !== undefined) return this.#anyCase
    const values: ContextValues = Object.assign({}, ...this.#layers)
    const lists = new Map<string, readonly string[]>()
    for (const [key, value] of Object.entries(values).reverse()) {
      const list = presentList(value)
      if (list !== undefined) lists.set(key.toLowerCase(), list)
    }
    this.#anyCase = lists
    return lists
  }

  /** The value of a variable in a policy; undefined if there is none or more than one. */
  variable(key: string): string | undefined {
    const values = this.valuesOf(key)
    return values?.length === 1 ? values[0] : undefined
  }
}

function presentList(value: string | readonly string[] | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [value]
  return value?.length === 0 ? undefined : value
}

/**
 * Tags as condition keys: `tagValues({ team: 'a' }, 'aws:ResourceTag')` is `{
 * 'aws:ResourceTag/team': 'a' }`.
 */
export function tagValues(
  tags: Readonly<Record<string, string>>,
  prefix: string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]))
}
