// Looks a name that a user chose up in an object.
// Owns the difference between what the object holds and what every object inherits
// (`constructor`, `toString`).

/** Undefined if the object doesn't hold the name itself. */
export function own<Value>(map: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined
}
