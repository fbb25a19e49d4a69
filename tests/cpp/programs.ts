// Builds C++ programs over sdk/cpp for tests: with CMake as a project that finds the package, or by
// hand. Owns the warnings that they must compile without; never runs a program.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { missingLibrary } from '../native/library.ts'
import { missingTools } from '../support/tools.ts'

export const SDK_FOLDER = join(import.meta.dirname, '../../sdk/cpp')
export const APPS_FOLDER = join(import.meta.dirname, 'apps')
export const LIBRARIES_FOLDER = join(SDK_FOLDER, '../lib')
const INCLUDES = [join(SDK_FOLDER, 'include'), join(SDK_FOLDER, '../native/include')]
const WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror']

/** Why C++ programs can't be built here; false where they can. */
export function missingCompiler(): string | false {
  return missingTools('g++', 'cmake', 'make') || (missingLibrary() ?? false)
}

/** The compilers of this machine. */
export function compilers(): string[] {
  return ['g++', 'clang++'].filter((name) => !spawnSync(name, ['--version']).error)
}

/** Compiles sources by hand, without linking: their headers alone are judged. */
export function check(compiler: string, sources: readonly string[], ...options: string[]): void {
  const includes = INCLUDES.map((folder) => `-I${folder}`)
  run(compiler, ['-std=c++17', '-fsyntax-only', ...WARNINGS, ...options, ...includes, ...sources])
}

/** Builds a program by hand; `libraries` are what the linker is told. */
export function compile(
  sources: readonly string[],
  program: string,
  libraries: readonly string[] = ['-lheddle'],
  ...options: string[]
): void {
  const includes = INCLUDES.map((folder) => `-I${folder}`)
  const links = [`-L${LIBRARIES_FOLDER}`, ...libraries]
  const flags = ['-std=c++17', '-O1', '-ffp-contract=off', ...WARNINGS, ...options]
  run('g++', [...flags, ...includes, ...sources, '-o', program, ...links])
}

/** Builds `program` as a CMake project of its own in `folder`, which finds its package. */
export function buildProject(
  folder: string,
  program: string,
  sources: readonly string[],
  project: { find: string; link: string; definitions: readonly string[] },
): string {
  mkdirSync(folder, { recursive: true })
  const text = [
    'cmake_minimum_required(VERSION 3.13)',
    `project(${program} LANGUAGES CXX)`,
    project.find,
    `add_executable(${program} ${sources.join(' ')})`,
    `target_compile_features(${program} PRIVATE cxx_std_17)`,
    `target_compile_options(${program} PRIVATE ${WARNINGS.join(' ')} -ffp-contract=off)`,
    `target_link_libraries(${program} ${project.link})`,
  ]
  writeFileSync(join(folder, 'CMakeLists.txt'), `${text.join('\n')}\n`)
  const build = join(folder, 'build')
  run('cmake', ['-S', folder, '-B', build, ...project.definitions])
  run('cmake', ['--build', build])
  return join(build, program)
}

/** Runs a tool; what it prints is shown only where it fails. */
export function run(command: string, words: readonly string[]): string {
  try {
    return execFileSync(command, words, { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${words.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`)
  }
}
