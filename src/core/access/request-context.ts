// What a policy may ask of a request: the condition keys and their values.
// Owns how a key is found; never knows where the values come from.

/** Keys as AWS writes them (`aws:SourceIp`, `aws:ResourceTag/team`). A key with an empty list counts as absent. */
export type ContextValues = Readonly<Record<string, string | readonly string[]>>

export class RequestContext {
  private readonly values = new Map<string, readonly string[]>()
  private readonly anyCase = new Map<string, readonly string[]>()

  constructor(values: ContextValues) {
    for (const [key, value] of Object.entries(values)) {
      const list = typeof value === 'string' ? [value] : value
      if (list.length === 0) continue
      this.values.set(key, list)
      const folded = key.toLowerCase()
      if (!this.anyCase.has(folded)) this.anyCase.set(folded, list)
    }
  }

  /** Keys do not depend on case; where two tags differ in it alone, the one that is written the same comes first. */
  valuesOf(key: string): readonly string[] | undefined {
    return this.values.get(key) ?? this.anyCase.get(key.toLowerCase())
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
