// Reads the documented declarations of a source file in C, C++, C# or TypeScript.
// Owns the scanning: comments, strings, scopes. Never checks the language: its compiler does.

export interface Declaration {
  /** Names of the namespaces and types around it, outermost first. */
  readonly scope: readonly string[]
  /**
   * Without bodies of functions, each on one line: those that the comment is for, one below the
   * other. A type that holds data alone is whole, as it stands in the source.
   */
  readonly texts: string[]
  /** What is said about it, line by line, without the marks of the comment. */
  readonly doc: readonly string[]
  /** Whether it opens a type, whose members follow. */
  readonly isType: boolean
}

interface ScannedFile {
  /** The comment that opens the file. */
  readonly opening: readonly string[]
  /** In the order of the file. */
  readonly declarations: readonly Declaration[]
}

interface Scope {
  readonly name: string
  readonly isEnum: boolean
  /** Whether members are public unless they say otherwise. */
  isPublic: boolean
}

const SPACES = /\s+/g
const TYPE_HEAD = /\b(class|struct|interface|enum|union)\b(?![^<]*\()/
const TRANSPARENT_HEAD = /^(inline )?namespace\b|^extern "C"$/
const PRIVATE_NAMESPACE = /^(detail|Detail|std)$/
const NAME_OF_TYPE =
  /\b(?:enum (?:class|struct)|class|struct|interface|enum|union)\s+(?:[A-Z_]+_API\s+)?([\w.]+)/

/**
 * Lists what has a doc comment and is not private, and all types. What follows a declaration
 * without a comment of its own or an empty line belongs to it.
 */
export function scanDeclarations(source: string, { endsAtLines = false } = {}): ScannedFile {
  const scanner = new Scanner(source, endsAtLines)
  scanner.run()
  return { opening: scanner.opening, declarations: scanner.declarations }
}

class Scanner {
  readonly declarations: Declaration[] = []
  opening: string[] = []
  readonly #source: string
  readonly #scopes: Scope[] = []
  #at = 0
  #statement = ''
  #doc: string[] = []
  /** Whether the statement follows what was declared last without an empty line. */
  #follows = false
  /** Whether statements end with their lines, as in TypeScript without semicolons. */
  readonly #endsAtLines: boolean

  constructor(source: string, endsAtLines: boolean) {
    this.#source = source
    this.#endsAtLines = endsAtLines
  }

  run(): void {
    while (this.#at < this.#source.length) this.#step()
  }

  #step(): void {
    const source = this.#source
    const two = source.slice(this.#at, this.#at + 2)
    const character = source[this.#at]
    if (two === '//') this.#lineComment()
    else if (two === '/*') this.#blockComment()
    else if (character === '#' && this.#statement.trim() === '' && this.#isLineStart())
      this.#directive()
    else if (character === '"' || character === "'" || character === '`') {
      const end = endOfString(source, this.#at)
      this.#statement += source.slice(this.#at, end)
      this.#at = end
    } else {
      this.#at += 1
      this.#take(character)
    }
  }

  #take(character: string): void {
    if (character === '{') this.#open()
    else if (character === '}') this.#close()
    else if (character === ';') this.#end()
    else if (character === ',' && this.#scopes.at(-1)?.isEnum) this.#end()
    else if (character === ':' && this.#isAccess()) this.#setAccess()
    else if (character === '\n') this.#lineEnd()
    else this.#statement += character
  }

  #lineEnd(): void {
    if (this.#statement.trim() === '') {
      const before = this.#source.slice(Math.max(0, this.#at - 120), this.#at)
      if (/\n[ \t]*\n$/.test(before)) this.#follows = false
    } else if (this.#endsAtLines && isWhole(this.#statement) && !this.#goesOn()) this.#end()
    else this.#statement += ' '
  }

  /** Whether the next line goes on with the statement. */
  #goesOn(): boolean {
    const next = /^(\s|\/\*[\s\S]*?\*\/|\/\/.*)*/.exec(this.#source.slice(this.#at))![0].length
    return /[|&?:=]/.test(this.#source[this.#at + next] ?? '')
  }

  #isLineStart(): boolean {
    return /(^|\n)[ \t]*$/.test(this.#source.slice(Math.max(0, this.#at - 80), this.#at))
  }

  #lineComment(): void {
    const end = endOfLine(this.#source, this.#at)
    const line = this.#source.slice(this.#at, end)
    this.#at = end
    if (this.#isOpening()) this.opening.push(line.replace(/^\/\/+ ?/, ''))
    else if (/^\/\/\/(?!\/)/.test(line)) this.#note([line.replace(/^\/\/\/<? ?/, '')])
  }

  #blockComment(): void {
    const closed = this.#source.indexOf('*/', this.#at + 2)
    const end = closed < 0 ? this.#source.length : closed + 2
    const lines = this.#source
      .slice(this.#at, end)
      .replace(/^\/\*+ ?|\s*\*+\/$/g, '')
      .split('\n')
      .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    while (lines.length > 0 && lines[0].trim() === '') lines.shift()
    this.#at = end
    if (this.opening.length === 0 && this.#isOpening()) {
      this.opening.push(...lines)
      return
    }
    // A heading of a part stays above what its first member says.
    if (this.#statement.trim() === '' && !this.#doc[0]?.startsWith('--- ')) this.#doc = []
    this.#note(lines)
  }

  /** Whether nothing but comments has come yet. */
  #isOpening(): boolean {
    const before = this.#source.slice(0, this.#at).replace(/^\/\*[\s\S]*?\*\/|\/\/.*|#!.*/gm, '')
    return before.trim() === ''
  }

  #note(lines: readonly string[]): void {
    // A comment within a statement is about a part of it.
    if (this.#statement.trim() === '' || /^[\s[\]\w()".,= ]*\]\s*$/.test(this.#statement))
      this.#doc.push(...lines)
  }

  /** A line for the preprocessor. A macro may be documented. */
  #directive(): void {
    let end = endOfLine(this.#source, this.#at)
    while (this.#source[end - 1] === '\\') end = endOfLine(this.#source, end + 1)
    const macro = /^#\s*define\s+(\w+(\([^)]*\))?)/.exec(this.#source.slice(this.#at, end))
    if (macro && this.#doc.length > 0) this.#declare(`#define ${macro[1]}`, { scopes: [] })
    this.#doc = []
    this.#at = end
  }

  #open(): void {
    const head = this.#statement.replace(SPACES, ' ').trim()
    const end = endOfBraces(this.#source, this.#at)
    if (!isBalanced(head)) {
      this.#statement += `{${this.#source.slice(this.#at, end)}`
      this.#at = end
      return
    }
    const body = this.#source.slice(this.#at, end)
    // What C# demands of a type parameter says no type (`where T : struct`); nor do C++'s own.
    const kind = withoutTemplate(head.replace(/ where \w+ : .*$/, ''))
    if (TRANSPARENT_HEAD.test(head)) {
      const name = /namespace ([\w:]+)/.exec(head)?.[1] ?? ''
      this.#scopes.push({ name, isEnum: false, isPublic: !PRIVATE_NAMESPACE.test(name) })
      this.#doc = []
    } else if (TYPE_HEAD.test(kind) && !/\(|#|\bget\b/.test(withoutComments(body))) {
      const tail = /^[^;{}\n]*;?/.exec(this.#source.slice(end))![0]
      this.#declare(head, { whole: `${head} {${dedented(body)}${tail.trimEnd()}` })
      this.#at = end + tail.length
    } else if (TYPE_HEAD.test(kind)) {
      this.#declare(head, { isType: true })
      const isClass = /\bclass\b/.test(head) && !/\benum\b/.test(head)
      const name = NAME_OF_TYPE.exec(kind)?.[1] ?? ''
      this.#scopes.push({
        name: this.#isVisible(head) ? name : '',
        isEnum: /\benum\b/.test(head),
        isPublic: this.#isVisible(head) && !isClass,
      })
      if (isClass && isTypeScriptOrCSharp(head)) this.#scopes.at(-1)!.isPublic = true
    } else {
      this.#declare(head)
      this.#at = end
    }
    this.#statement = ''
  }

  #close(): void {
    // The last member of an enum needs no comma.
    if (this.#scopes.at(-1)?.isEnum) this.#end()
    this.#scopes.pop()
    this.#statement = ''
    this.#doc = []
  }

  #end(): void {
    this.#declare(this.#statement.replace(SPACES, ' ').trim())
    this.#statement = ''
  }

  #isAccess(): boolean {
    return /^\s*(public|private|protected)\s*$/.test(this.#statement)
  }

  #setAccess(): void {
    const scope = this.#scopes.at(-1)
    if (scope) scope.isPublic = this.#statement.trim() === 'public'
    this.#statement = ''
    this.#doc = []
  }

  #isVisible(text: string): boolean {
    return (
      this.#scopes.every(({ isPublic }) => isPublic) &&
      !/^(readonly )?#(?!define )|\b(private|internal|protected)\b/.test(text)
    )
  }

  #declare(
    text: string,
    { isType = false, whole = '', scopes = this.#scopes as readonly Scope[] } = {},
  ): void {
    const doc = this.#doc
    this.#doc = []
    const last = this.declarations.at(-1)
    const follows = this.#follows
    this.#follows = false
    if (text === '' || !this.#isVisible(text)) return
    if (doc.some((line) => line.includes('@internal'))) return
    const scope = scopes.map(({ name }) => name).filter((name) => name !== '')
    const arrow = this.#endsAtLines ? text : text.replace(/ ?=> .*$/, '')
    const shown = whole || withoutBody(arrow)
    if (follows && doc.length === 0 && last && String(last.scope) === String(scope))
      last.texts.push(shown)
    else if (doc.length > 0 || isType || whole !== '')
      this.declarations.push({ scope, texts: [shown], doc, isType })
    else return
    this.#follows = !isType
  }
}

/** Cuts `template <…>`, with the brackets within it. */
export function withoutTemplate(head: string): string {
  if (!head.startsWith('template <')) return head
  let depth = 0
  for (let at = 'template '.length; at < head.length; at++) {
    if (head[at] === '<') depth++
    if (head[at] === '>') depth--
    if (depth === 0) return withoutTemplate(head.slice(at + 1).trimStart())
  }
  return head
}

/** There each member says who may use it; in C++ a line says it for all that follow. */
function isTypeScriptOrCSharp(head: string): boolean {
  return /^(export|public|\[)/.test(head)
}

/** Cuts the initializers of a constructor, and what only says that others may use it. */
function withoutBody(text: string): string {
  return text
    .replace(/\)((?: const| noexcept)*) ?: \w+\(.*$/, ')$1')
    .replace(/ =$/, '')
    .replace(/^export (?=class|function|interface|type|const)/, '')
}

function isBalanced(text: string): boolean {
  const count = (brackets: RegExp) => text.match(brackets)?.length ?? 0
  return count(/[([]/g) === count(/[)\]]/g)
}

/** Whether no bracket is open, and nothing has to follow. */
function isWhole(statement: string): boolean {
  const text = statement.replace(/=>/g, '')
  const count = (brackets: RegExp) => text.match(brackets)?.length ?? 0
  return isBalanced(text) && count(/</g) === count(/>/g) && !/[=|&,:]\s*$/.test(statement)
}

function withoutComments(text: string): string {
  return text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')
}

/** Takes away the indentation that the last line has. */
function dedented(body: string): string {
  const indent = /\n([ \t]*)\}$/.exec(body)?.[1] ?? ''
  return body.replaceAll(`\n${indent}`, '\n')
}

function endOfLine(source: string, from: number): number {
  const end = source.indexOf('\n', from)
  return end < 0 ? source.length : end
}

function endOfString(source: string, from: number): number {
  const quote = source[from]
  // A digit separator of C++, or an apostrophe in C#'s prose: not a string.
  if (quote === "'" && /\d/.test(source[from - 1] ?? '')) return from + 1
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === quote) return at + 1
  }
  return source.length
}

/** Behind the brace that closes the one before `from`. */
function endOfBraces(source: string, from: number): number {
  let depth = 1
  let at = from
  while (at < source.length && depth > 0) {
    const two = source.slice(at, at + 2)
    if (two === '//') at = endOfLine(source, at)
    else if (two === '/*') at = source.indexOf('*/', at) + 2
    else if (source[at] === '"' || source[at] === "'" || source[at] === '`')
      at = endOfString(source, at)
    else {
      if (source[at] === '{') depth++
      if (source[at] === '}') depth--
      at++
    }
  }
  return at
}
