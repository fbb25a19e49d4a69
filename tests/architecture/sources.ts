// Reads TypeScript sources as facts: what each file imports and exports, and what in it depends on
// more than its input. Uses the compiler's own parser; never judges (that is rules.ts).

import { join, posix, relative } from 'node:path'
import type { CallExpression, Node, SourceFile } from 'typescript/unstable/ast'
import {
  isAwaitExpression,
  isCallExpression,
  isClassDeclaration,
  isExportDeclaration,
  isExportKeyword,
  isForOfStatement,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isInterfaceDeclaration,
  isLiteralTypeNode,
  isMethodDeclaration,
  isNamespaceImport,
  isNewExpression,
  isPrivateKeyword,
  isPropertyAccessExpression,
  isPropertyDeclaration,
  isSetAccessorDeclaration,
  isStringLiteral,
  isTypeAliasDeclaration,
  isVariableStatement,
} from 'typescript/unstable/ast/is'
import { API } from 'typescript/unstable/sync'

export interface Source {
  /** From the project's root, with `/`. */
  path: string
  text: string
  imports: Import[]
  exports: Name[]
  /** Members that are hidden from the compiler alone, by the word `private`. */
  privateMembers: Name[]
  impurities: Impurity[]
}

/** A static, re-exporting, dynamic or type-only import, all the same. */
interface Import {
  specifier: string
  /** The project's file that a relative specifier names; absent for packages and builtins. */
  target?: string
  /** Imported names, where the form of the import has any. */
  names: string[]
  /** Its form gives every name of the other file: `* as all`, `export *`, `import()`. */
  isWhole: boolean
  line: number
}

interface Name {
  name: string
  line: number
}

/** A clock, chance, the process, a timer or waiting: results that the input doesn't determine. */
interface Impurity {
  what: string
  line: number
}

const IMPURE_OBJECTS = new Set(['performance', 'process', 'console'])
const IMPURE_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'crypto.randomUUID',
  'crypto.getRandomValues',
])
const IMPURE_CALLS = new Set([
  'Date',
  'fetch',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
])

/** Parses every source that the tsconfig.json in `root` includes, sorted by path. */
export function readSources(root: string): Source[] {
  const api = new API({ cwd: root })
  try {
    const configFile = join(root, 'tsconfig.json')
    using snapshot = api.updateSnapshot({ openProjects: [configFile] })
    const project = snapshot.getProject(configFile)
    if (project === undefined) throw new Error(`${configFile} could not be opened`)
    return [...project.rootFiles].sort().map((file) => {
      const parsed = project.program.getSourceFile(file)
      if (parsed === undefined) throw new Error(`${file} could not be parsed`)
      return readSource(relative(root, file), parsed)
    })
  } finally {
    api.close()
  }
}

function readSource(path: string, file: SourceFile): Source {
  const source: Source = {
    path,
    text: file.text,
    imports: [],
    exports: [],
    privateMembers: [],
    impurities: [],
  }
  const lineStarts = startsOfLines(file.text)
  const lineOf = (node: Node): number =>
    lineStarts.findLastIndex((start) => start <= node.getStart(file)) + 1
  const visit = (node: Node): void => {
    const found = importOf(node)
    if (found !== undefined)
      source.imports.push({ ...found, ...targetOf(path, found.specifier), line: lineOf(node) })
    for (const name of exportedNames(node)) source.exports.push({ name, line: lineOf(node) })
    const member = privateMemberOf(node)
    if (member !== undefined) source.privateMembers.push({ name: member, line: lineOf(node) })
    const what = impurityOf(node)
    if (what !== undefined) source.impurities.push({ what, line: lineOf(node) })
    node.forEachChild(visit)
  }
  visit(file)
  return source
}

type Found = Pick<Import, 'specifier' | 'names' | 'isWhole'>

function importOf(node: Node): Found | undefined {
  if (isImportDeclaration(node)) {
    const bindings = node.importClause?.namedBindings
    const isWhole = bindings !== undefined && isNamespaceImport(bindings)
    return specifierOf(node.moduleSpecifier, namesOf(node.importClause), isWhole)
  }
  if (isExportDeclaration(node))
    return specifierOf(
      node.moduleSpecifier,
      namesOf(node.exportClause),
      node.exportClause === undefined,
    )
  if (isImportTypeNode(node))
    return specifierOf(isLiteralTypeNode(node.argument) ? node.argument.literal : undefined)
  if (isCallExpression(node) && isDynamicImport(node)) return specifierOf(node.arguments[0])
  return undefined
}

function specifierOf(
  node: Node | undefined,
  names: string[] = [],
  isWhole = true,
): Found | undefined {
  return node !== undefined && isStringLiteral(node)
    ? { specifier: node.text, names, isWhole }
    : undefined
}

/**
 * Names that a statement declares and exports; what it hands on from another file is that file's.
 */
function exportedNames(node: Node): string[] {
  if (isVariableStatement(node) && isExported(node.modifiers))
    return node.declarationList.declarations.flatMap(({ name }) => namesOf(name))
  const isNamed =
    isFunctionDeclaration(node) ||
    isClassDeclaration(node) ||
    isInterfaceDeclaration(node) ||
    isTypeAliasDeclaration(node)
  return isNamed && isExported(node.modifiers) && node.name !== undefined ? [node.name.text] : []
}

function isExported(modifiers: readonly Node[] | undefined): boolean {
  return modifiers?.some(isExportKeyword) ?? false
}

function privateMemberOf(node: Node): string | undefined {
  const isMember =
    isPropertyDeclaration(node) ||
    isMethodDeclaration(node) ||
    isGetAccessorDeclaration(node) ||
    isSetAccessorDeclaration(node)
  const isPrivate = isMember && node.modifiers?.some(isPrivateKeyword)
  return isPrivate ? node.name.getText() : undefined
}

function isDynamicImport(call: CallExpression): boolean {
  return call.getText().startsWith('import(')
}

function namesOf(clause: Node | undefined): string[] {
  const names: string[] = []
  const collect = (node: Node): void => {
    if (isIdentifier(node)) names.push(node.text)
    node.forEachChild(collect)
  }
  if (clause !== undefined) collect(clause)
  return names
}

function targetOf(path: string, specifier: string): { target?: string } {
  return specifier.startsWith('.') ? { target: posix.join(posix.dirname(path), specifier) } : {}
}

function impurityOf(node: Node): string | undefined {
  if (isAwaitExpression(node)) return 'await'
  if (isForOfStatement(node)) return node.awaitModifier ? 'for await' : undefined
  if (isNewExpression(node)) {
    const isNow =
      isIdentifier(node.expression) && node.expression.text === 'Date' && !node.arguments?.length
    return isNow ? 'new Date()' : undefined
  }
  if (isCallExpression(node)) {
    return isIdentifier(node.expression) && IMPURE_CALLS.has(node.expression.text)
      ? `${node.expression.text}()`
      : undefined
  }
  if (!isPropertyAccessExpression(node) || !isIdentifier(node.expression)) return undefined
  const member = `${node.expression.text}.${node.name.text}`
  return IMPURE_OBJECTS.has(node.expression.text) || IMPURE_MEMBERS.has(member) ? member : undefined
}

function startsOfLines(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
}
