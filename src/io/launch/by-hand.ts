// An app that a person starts, alone or under a debugger: makes a script that starts it, and
// watches for its process.
// Owns the script's text. Never starts a program; ends one only as the app's launcher would.

import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { isLocked, lockHolder } from '../shm/file-lock.ts'
import { identityVariables, type Launch, type Launched } from './launcher.ts'
import { endTree } from './processes.ts'
import { interpreterOf, resolveCommand } from './resolve-command.ts'

const LOOK_EACH_MS = 50
const PLAIN = /^[\w@%+=:,./-]+$/

interface ByHandPlace {
  /** Where the script goes. Each launch replaces it: only the newest process may attach. */
  script: string
  /** The file that the app's process locks for as long as it lives. */
  lock: string
  /** Whether the process of this launch has attached at any time. It may have ended since. */
  hasAttached(): boolean
}

/**
 * Writes the script. `onExit` follows once a process has had the lock and has it no more. Nobody is
 * hurried: the person counts as a debugger. Throws LaunchError if there is no such program.
 */
export function launchByHand(order: Launch, { script, lock, hasAttached }: ByHandPlace): Launched {
  writeScript(script, scriptText(order, script))
  let wasThere = false
  let hasEnded = false
  const finish = () => {
    if (hasEnded) return
    hasEnded = true
    clearInterval(looking)
    setImmediate(order.onExit, { code: null, signal: null })
  }
  const looking = setInterval(() => {
    // In this order: a process has the lock before it attaches.
    wasThere ||= hasAttached()
    const isThere = isLocked(lock)
    if (wasThere && !isThere) finish()
    wasThere = isThere
  }, LOOK_EACH_MS)
  return {
    get place() {
      const pid = lockHolder(lock)
      return pid === undefined ? script : `pid=${pid}`
    },
    get isAlive() {
      return !hasEnded
    },
    isBeingDebugged: () => !hasEnded,
    end() {
      if (hasEnded) return
      const pid = lockHolder(lock)
      if (pid === undefined) return finish()
      wasThere = true
      endTree(pid)
    },
  }
}

/** For its user alone, and replaced at once. */
function writeScript(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const partial = `${path}.partial`
  writeFileSync(partial, text)
  chmodSync(partial, 0o700)
  renameSync(partial, path)
}

function scriptText(
  { identity, command, workingFolder, closedFolders, environment }: Launch,
  script: string,
): string {
  const path = environment.PATH ?? ''
  const program = resolveCommand(command[0], workingFolder, path, closedFolders)
  const words = [program, ...command.slice(1)]
  const variables = { ...environment, ...identityVariables(identity) }
  return [
    '#!/bin/sh',
    `# Starts app ${identity.app} of domain ${identity.domain} by hand, once. ` +
      'Heddle replaces this file when it has ended.',
    `#   alone:            ${shellText([script])}`,
    // Words may have several lines.
    `#   under a debugger: ${debuggerLine(words, script)}`.replaceAll('\n', '\n#   '),
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `cd ${quoted(workingFolder)} || exit 1`,
    `[ "$#" -gt 0 ] || set -- ${shellText(words)}`,
    'exec "$@"',
    '',
  ].join('\n')
}

/** How the usual debugger of the program's language starts it, as often as the person wants. */
function debuggerLine([program, ...words]: string[], script: string): string {
  const name = basename(program)
  const options = words.findIndex((word) => !word.startsWith('-') || word === '-m')
  const before = options < 0 ? words : words.slice(0, options)
  const after = options < 0 ? [] : words.slice(options)
  if (name === 'node') return shellText([script, 'node', '--inspect-brk', ...words])
  if (/^python[\d.]*$/.test(name))
    return shellText([script, name, ...before, '-m', 'pdb', ...after])
  if (name === 'mono') {
    const agent = '--debugger-agent=transport=dt_socket,server=y,address=127.0.0.1:55555'
    return shellText([script, name, '--debug', agent, ...words])
  }
  const started = [...interpreterOf(program), program, ...words]
  // Each `run` of gdb passes the script, which knows the newest launch.
  return shellText(['gdb', '-ex', `set exec-wrapper ${shellText([script])}`, '--args', ...started])
}

function shellText(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : quoted(word))).join(' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
