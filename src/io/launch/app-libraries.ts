// What apps load: the native runtime, libheddle, and the Python SDK.
// Owns where they are, and the reason and the remedy if an app's output says that libheddle could
// not be loaded; never builds or loads it (scripts/app-libraries.mjs).

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HEDDLE_FOLDER = fileURLToPath(new URL('../../..', import.meta.url))

/** Holds libheddle, and leads to the Python packages too. It may be without either. */
export const APP_LIBRARIES_FOLDER = join(HEDDLE_FOLDER, 'sdk/lib')

/** Holds the packages of the Python SDK. */
export const PYTHON_SDK_FOLDER = join(HEDDLE_FOLDER, 'sdk/python')

const LIBRARY = 'libheddle.so'

/** What glibc, Python, mono and the SDK for C# print about a library that they cannot find. */
const NOT_FOUND = [
  /lib(heddle|weaver_app_sdk_cxx_v1_full)\.so: cannot open shared object/,
  /DllNotFound\w*: (lib)?heddle|libheddle\.so was not found/,
]

/** What glibc prints about a program that was linked with the original SDK's library. */
const LINKED_ELSEWHERE = /undefined symbol: \S*WeaverRuntime/

/**
 * The reason and the remedy if an app's last output says that it could not load libheddle;
 * undefined if it does not.
 */
export function explainLoading(
  output: string,
  folder: string = APP_LIBRARIES_FOLDER,
): string | undefined {
  if (LINKED_ELSEWHERE.test(output))
    return "it was linked with another SDK: build it with the SDK in Heddle's sdk/cpp"
  if (!NOT_FOUND.some((pattern) => pattern.test(output))) return undefined
  if (existsSync(join(folder, LIBRARY)))
    return (
      `it does not look for ${LIBRARY} in ${folder}: whatever sets LD_LIBRARY_PATH for it must ` +
      'keep the folder that Heddle has put there'
    )
  return (
    `it needs ${LIBRARY}, which is not built: install cmake, make and g++, and run ` +
    `"node scripts/setup.mjs" in ${HEDDLE_FOLDER}`
  )
}
