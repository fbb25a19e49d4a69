// C# against C: its structures lie in memory as those of heddle.h, the library has every function
// that C# declares, and all that apps can see is documented.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pascal, typeOf } from '../../scripts/generate-csharp-binding.ts'
import { nativeHeaderFile, readNativeHeader } from '../../scripts/native-header.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { BUILD_FOLDER } from '../native/library.ts'
import { compileCsharp, missingCsharp } from './compile.ts'

const skip = missingCsharp()
const { structures, functions } = readNativeHeader()
let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-csharp-binding-'))
})
after(() => rmSync(folder, { recursive: true }))

test('structures lie in memory as C has them', { skip }, () => {
  const inC = structures.flatMap(({ name, members }) => [
    `printf("${name} %zu\\n", sizeof(${name}));`,
    ...members.map(
      (member) => `printf("${name}.${member.name} %zu\\n", offsetof(${name}, ${member.name}));`,
    ),
  ])
  const source = join(folder, 'layout.cpp')
  writeFileSync(
    source,
    `#include <heddle.h>\n#include <cstdio>\nint main() {\n${inC.join('\n')}\n}`,
  )
  const include = dirname(fileURLToPath(nativeHeaderFile))
  execFileSync('g++', [`-I${include}`, source, '-o', join(folder, 'layout')])
  const wanted = execFileSync(join(folder, 'layout'), { encoding: 'utf8' })
  assert.equal(printedBy(layoutProgram()), wanted)
})

/** Prints sizes and offsets as the program in C does. */
function layoutProgram(): string {
  const blocks = structures.map(({ name, members }) => {
    const type = typeOf({ type: name, pointers: 0 })
    const offsets = members.map((member) => {
      const field = `value.${pascal(member.name)}`
      const place = member.count === undefined || type === 'Neighbour' ? `&${field}` : field
      return `Console.WriteLine("${name}.${member.name} " + ((byte*)${place} - (byte*)&value));`
    })
    const size = `Console.WriteLine("${name} " + sizeof(${type}));`
    return `{ ${type} value; ${size}\n${offsets.join('\n')} }`
  })
  return blocks.join('\n')
}

test('codes have the names that the library gives them', { skip }, () => {
  const program = `
foreach (ErrorCode code in Enum.GetValues(typeof(ErrorCode)))
  Console.WriteLine(code + " " + Utf8.Text(Native.ErrorName(code)));`
  const pairs = printedBy(program).trim().split('\n')
  assert.ok(pairs.length > 1)
  for (const pair of pairs) assert.match(pair, /^(\w+) \1$/)
})

test('the library has every function that C# declares', { skip }, () => {
  const methods = functions.map(({ name }) => `"${name}"`).join(', ')
  const program = `
foreach (string name in new[] { ${methods} })
  foreach (var method in typeof(Heddle.Native).GetMethods(
      System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)) {
    var import = (DllImportAttribute)Attribute.GetCustomAttribute(
        method, typeof(DllImportAttribute));
    if (import == null || import.EntryPoint != name) continue;
    Marshal.Prelink(method);
    Console.WriteLine(name);
  }`
  assert.deepEqual(
    printedBy(program).trim().split('\n'),
    functions.map(({ name }) => name),
  )
})

/** What a program prints whose Main has this body. */
function printedBy(body: string): string {
  const source = join(folder, 'Program.cs')
  const program = join(folder, 'program.exe')
  writeFileSync(
    source,
    `using System; using System.Runtime.InteropServices; using Heddle;
static unsafe class Program { static void Main() { ${body} } }`,
  )
  compileCsharp([source], program, ['-nowarn:0168,0169'])
  const env = { ...process.env, LD_LIBRARY_PATH: BUILD_FOLDER }
  return execFileSync('mono', [program], { encoding: 'utf8', env })
}

test('all that apps can see is documented', { skip }, () => {
  // mcs warns of what is not, and warnings are errors.
  const documentation = join(folder, 'Heddle.xml')
  compileCsharp([], join(folder, 'Heddle.dll'), ['-target:library', `-doc:${documentation}`])
  assert.match(readFileSync(documentation, 'utf8'), /M:Heddle\.Application\.Create/)
})
