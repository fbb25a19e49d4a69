// Reads sdk/native/include/heddle.h as data, so that bindings for other languages are made from it.
// Owns what a declaration looks like there; never decides how another language writes it.

import { readFileSync } from 'node:fs'

export const nativeHeaderFile = new URL('../sdk/native/include/heddle.h', import.meta.url)

interface Named {
  /** As C has it: `heddle_box`, `min_x`. */
  name: string
  /** What the comment before it says; empty where there is none. */
  comment: string
}
export interface Enumeration extends Named {
  members: (Named & { value: number })[]
}
export interface Value extends Named {
  /** Without `const` and stars: `float`. */
  type: string
  /** How many stars it has: 1 for `const float *`. */
  pointers: number
  /** Length of an array; undefined for anything else. */
  count?: number
}
interface Structure extends Named {
  members: Value[]
}
export interface NativeFunction extends Named {
  returns: Omit<Value, 'name' | 'comment'>
  parameters: Value[]
}
interface NativeHeader {
  enumerations: Enumeration[]
  structures: Structure[]
  /** Types of functions that the library calls. */
  callbacks: NativeFunction[]
  functions: NativeFunction[]
}

const DECLARATIONS = [
  /typedef enum \w+ \{(?<members>.*?)\} (?<enumeration>\w+);/,
  /typedef struct \w+ \{(?<members>.*?)\} (?<structure>\w+);/,
  /typedef (?<returns>[\w ]+?)\(\*(?<callback>\w+)\)\((?<parameters>.*?)\);/,
  /^HEDDLE_API (?<returns>[\w *]+?)(?<function>\w+)\((?<parameters>.*?)\);/,
]
const COMMENT = /\/\*(?<comment>.*?)\*\//
const TOKENS = new RegExp([COMMENT, ...DECLARATIONS].map(({ source }) => source).join('|'), 'gms')

export function readNativeHeader(text = readFileSync(nativeHeaderFile, 'utf8')): NativeHeader {
  const header: NativeHeader = { enumerations: [], structures: [], callbacks: [], functions: [] }
  let comment = ''
  let end = 0
  for (const match of text.matchAll(TOKENS)) {
    const groups = match.groups ?? {}
    // A comment belongs to what follows it at once.
    const said = text.slice(end, match.index).trim() === '' ? comment : ''
    comment = ''
    end = match.index + match[0].length
    if (groups.comment !== undefined) comment = words(groups.comment)
    else if (groups.enumeration !== undefined)
      header.enumerations.push({
        name: groups.enumeration,
        comment: said,
        members: enumerators(groups.members!),
      })
    else if (groups.structure !== undefined)
      header.structures.push({
        name: groups.structure,
        comment: said,
        members: members(groups.members!),
      })
    else
      header[groups.callback === undefined ? 'functions' : 'callbacks'].push({
        name: (groups.callback ?? groups.function)!,
        comment: said,
        returns: readValue(`${groups.returns!.trim()} returned`),
        parameters: groups
          .parameters!.split(',')
          .filter((one) => one.trim() !== 'void')
          .map((one) => ({ ...readValue(one), comment: '' })),
      })
  }
  return header
}

/** A comment's words in one line. */
function words(comment: string): string {
  return comment
    .replace(/^\s*\*/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function enumerators(text: string): Enumeration['members'] {
  return commented(text, ',').map(([comment, one]) => {
    const [name = '', value] = one.split('=').map((word) => word.trim())
    return { name, comment, value: Number(value) }
  })
}

/** `float min_x, min_y` are two members. */
function members(text: string): Value[] {
  return commented(text, ';').flatMap(([comment, one]) => {
    const [first = '', ...others] = one.split(',')
    const { type } = readValue(first)
    return [first, ...others.map((other) => `${type} ${other}`)].map((declaration, place) => ({
      ...readValue(declaration),
      comment: place === 0 ? comment : '',
    }))
  })
}

/** What stands between separators, each with the comment before it. */
function commented(text: string, separator: string): [comment: string, one: string][] {
  return text
    .replace(/\/\*(.*?)\*\//gs, (_, comment: string) => `/*${encodeURIComponent(words(comment))}*/`)
    .split(separator)
    .filter((one) => one.trim() !== '')
    .map((one) => {
      const comment = COMMENT.exec(one)?.groups?.comment ?? ''
      return [decodeURIComponent(comment), one.replace(COMMENT, '').trim()]
    })
}

function readValue(declaration: string): Omit<Value, 'comment'> {
  const pattern = /^\s*(?:const )?(?:struct )?(\w+)\s*(\**)\s*(\w+)(?:\[(\d+)\])?\s*$/
  const match = pattern.exec(declaration.replace(/\s+/g, ' '))
  if (!match) throw new Error(`heddle.h: '${declaration.trim()}' is no declaration of a value`)
  const [, type = '', stars = '', name = '', count] = match
  const value = { type, pointers: stars.length, name }
  return count === undefined ? value : { ...value, count: Number(count) }
}
