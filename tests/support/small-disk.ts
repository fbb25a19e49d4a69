// A small tmpfs, mounted while a test uses it, which the test can fill and empty.
// Owns the mount; never knows what is kept on it.

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

interface SmallDisk {
  readonly folder: string
  /** Leaves no byte free. */
  fill(): void
  /** Frees what `fill` took. */
  empty(): void
}

/** Skips the test if this user may not mount anything; fails instead under `CI=true`. */
export async function withSmallDisk(
  context: TestContext,
  mebibytes: number,
  use: (disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-disk-'))
  try {
    mount(folder, mebibytes)
  } catch (cause) {
    rmSync(folder, { recursive: true })
    if (process.env.CI === 'true')
      throw new Error('this user may not mount a tmpfs, and CI=true skips no test', { cause })
    return context.skip('this user may not mount a tmpfs')
  }
  try {
    await use(diskIn(folder))
  } finally {
    run('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true })
  }
}

function mount(folder: string, mebibytes: number): void {
  const owner = `uid=${process.getuid?.()},gid=${process.getgid?.()},mode=700`
  run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,${owner}`, 'tmpfs', folder])
}

/** Runs as root, or through `sudo` if it needs no password. */
function run(command: string, args: string[]): void {
  const [file, ...words] =
    process.getuid?.() === 0 ? [command, ...args] : ['sudo', '-n', command, ...args]
  execFileSync(file!, words, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function diskIn(folder: string): SmallDisk {
  const filling = join(folder, 'filling')
  return {
    folder,
    fill() {
      const file = openSync(filling, 'a')
      try {
        for (const bytes of [64 * 1024, 1]) while (takes(file, bytes));
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filling, { force: true }),
  }
}

/** Returns false if the disk is full. */
function takes(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes)) === bytes
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
