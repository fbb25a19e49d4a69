// Walks through the pages of a list.
// Owns the handing on of the token; never holds more than one page.

import type {
  InputOf,
  OPERATIONS,
  OperationName,
  OutputOf,
} from '../../../src/core/api/operations.ts'
import type { CallOptions } from './caller.ts'

/** The operations that answer in pages. */
export type PagedName = {
  [Name in OperationName]: 'NextToken' extends keyof (typeof OPERATIONS)[Name]['output']
    ? Name
    : never
}[OperationName]

interface Asks {
  call<Name extends OperationName>(
    name: Name,
    input: InputOf<Name>,
    options?: CallOptions,
  ): Promise<OutputOf<Name>>
}

/** All pages from the one that `input` asks for, each as the service answers it. */
export async function* pages<Name extends PagedName>(
  client: Asks,
  name: Name,
  input: InputOf<Name>,
  options?: CallOptions,
): AsyncGenerator<OutputOf<Name>, void, undefined> {
  let next = input
  for (;;) {
    const page = await client.call(name, next, options)
    yield page
    const { NextToken } = page as { readonly NextToken?: string }
    if (NextToken === undefined) return
    next = { ...input, NextToken }
  }
}
