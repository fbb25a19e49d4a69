// Checks values from outside: returns a value of the shape, or what is wrong with it, and where.
// Owns the words of a fault; never knows where the value came from.

import { z } from 'zod'

/** `fault` names the place, as in `clock.status: Invalid option`. */
type Parsed<Content> =
  | { content: Content; fault?: undefined }
  | { content?: undefined; fault: string }

export function parseValue<Shape extends z.ZodType>(
  shape: Shape,
  value: unknown,
): Parsed<z.output<Shape>> {
  const { data, error } = shape.safeParse(value)
  if (error === undefined) return { content: data as z.output<Shape> }
  const [{ path, message }] = error.issues
  const place = path.map(String).join('.')
  return { fault: place === '' ? message : `${place}: ${message}` }
}

/** Does the same for a text that contains JSON. */
export function parseJson<Shape extends z.ZodType>(
  shape: Shape,
  text: string,
): Parsed<z.output<Shape>> {
  try {
    return parseValue(shape, JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return { fault: error.message }
    throw error
  }
}

/** An object of any keys, those that z.record leaves out (`__proto__`) among them. */
export function mapShape<Shape extends z.ZodType>(value: Shape) {
  type Map = Record<string, z.output<Shape>>
  return z.custom<Map>().superRefine((found: unknown, context) => {
    const { error } = z.looseObject({}).safeParse(found)
    if (error !== undefined)
      return context.addIssue({ code: 'custom', message: 'Invalid input: expected record' })
    for (const [key, each] of Object.entries(found as object))
      for (const { path, message } of value.safeParse(each).error?.issues ?? [])
        context.addIssue({ code: 'custom', message, path: [key, ...path] })
  })
}
