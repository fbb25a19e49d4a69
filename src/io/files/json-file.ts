// Files of JSON: checks a file once, when it is read, and returns it with its type.
// Owns the check and the atomic replacement of a file; never knows what a file means.

import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { z } from 'zod'
import { parseJson } from '../../base/parse.ts'

/** `fault` names the file and what is wrong with it. Both are absent if the file does not exist. */
export interface FileContent<Content> {
  content?: Content
  fault?: string
}

export function readJsonFile<Shape extends z.ZodType>(
  path: string,
  shape: Shape,
): FileContent<z.output<Shape>> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    return { fault: `${path} can't be read: ${(error as Error).message}` }
  }
  const { content, fault } = parseJson(shape, text)
  return fault === undefined ? { content } : { fault: `${path} is damaged: ${fault}` }
}

/**
 * Writes a file readable by this user alone. A concurrent reader finds the old content or the new
 * one, whole.
 */
export async function writeJsonFile(path: string, content: unknown): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`, {
    mode: 0o600,
    flush: true,
  })
  await rename(`${path}.new`, path)
}
