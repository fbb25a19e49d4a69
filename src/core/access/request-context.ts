// What a policy may ask of a request: the condition keys and their values.
// Owns how a key is found; never knows where the values come from.

/** Keys as AWS writes them (`aws:SourceIp`, `aws:ResourceTag/team`). A key with an empty list counts as absent. */
export type ContextValues = Readonly<Record<string, string | readonly string[]>>

export class RequestContext {
  private readonly values = new Map<string, readonly string[]>()
  private anyCase: ReadonlyMap<string, readonly string[]> | undefined

  constructor(values: ContextValues) {
    for (const [key, value] of Object.entries(values)) {
      const list = typeof value === 'string' ? [value] : value
      if (list.length > 0) this.values.set(key, list)
    }
  }

  /** Keys do not depend on case; where two tags differ in it alone, the one that is written the same comes first. */
  valuesOf(key: string): readonly string[] | undefined {
    return this.values.get(key) ?? this.inAnyCase().get(key.toLowerCase())
  }

  /** Of keys that differ in case alone the first counts. */
  private inAnyCase(): ReadonlyMap<string, readonly string[]> {
    this.anyCase ??= new Map([...this.values].reverse().map(([key, list]) => [key.toLowerCase(), list]))
    return this.anyCase
  }

  /** For a variable in a policy; undefined where there is no value, or more than one. */
  variable(key: string): string | undefined {
    const values = this.valuesOf(key)
    return values?.length === 1 ? values[0] : undefined
  }
}

/** Tags as condition keys: `tagValues({ team: 'a' }, 'aws:ResourceTag')` is `{ 'aws:ResourceTag/team': 'a' }`. */
export function tagValues(tags: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]))
}
