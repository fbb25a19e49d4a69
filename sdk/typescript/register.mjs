// Lets an app import '@heddle/sdk' by name, wherever its package is: the worker loads this file
// into every Node process of an app, through NODE_OPTIONS. Owns that one name; all other imports
// are unchanged.

import * as module from 'node:module'

const sdk = new URL('./src/index.ts', import.meta.url).href

// Older Nodes have no registerHooks: their apps bring an SDK of their own, or fail at the import
// with Node's own error.
module.registerHooks?.({
  resolve(specifier, context, nextResolve) {
    return specifier === '@heddle/sdk'
      ? { url: sdk, format: 'module-typescript', shortCircuit: true }
      : nextResolve(specifier, context)
  },
})
