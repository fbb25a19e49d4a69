// Maps failures of the file system to errors of the folder store.
// Owns the mapping; never puts a path into a message (the cause keeps it).

import { filesFault } from '../../base/files-fault.ts'
import { ObjectsError, type ObjectsFault } from './objects.ts'

const faultOfCode: Record<string, ObjectsFault> = {
  ENOSPC: 'NoSpace',
  EDQUOT: 'NoSpace',
  EFBIG: 'NoSpace',
  EACCES: 'AccessDenied',
  EPERM: 'AccessDenied',
  EROFS: 'AccessDenied',
}

const sentenceOfFault: Partial<Record<ObjectsFault, string>> = {
  NoSpace: 'There is no space left for objects.',
  AccessDenied: 'The object store may not write or read its files.',
}

/** Returns `ENOENT` and the like; undefined if the error is no system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

/** Turns a system error into an ObjectsError; returns an ObjectsError as it is. */
export function storeError(error: unknown): ObjectsError {
  if (error instanceof ObjectsError) return error
  const code = codeOf(error)
  const fault = (code === undefined ? undefined : faultOfCode[code]) ?? 'Unavailable'
  const files = filesFault(error)
  const sentence =
    sentenceOfFault[fault] ??
    (files && `${files}.`) ??
    `The object store's files could not be used (${code ?? 'unknown failure'}).`
  return new ObjectsError(fault, sentence, { cause: error })
}

/** Runs a step on files and throws its failures as ObjectsErrors. */
export async function onFiles<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw storeError(error)
  }
}
