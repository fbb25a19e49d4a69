// A well-formed request of each operation, for tests that send the same to all of them.
// Owns the values of required members; never sends anything.

import { type OperationName, operationOf } from '../../src/core/api/operations.ts'
import { percentEncoded, type RawRequest } from './raw-client.ts'

export const ROLE = 'arn:aws:iam::111122223333:role/corners'
export const arnOf = (name: string) =>
  `arn:aws:simspaceweaver:us-west-2:111122223333:simulation/${name}`

/** Returns an input that names that simulation in every member that can. */
export function requestOf(name: OperationName, simulation: string): RawRequest {
  const { method, path, input } = operationOf(name)
  const values: Record<string, unknown> = {
    Simulation: simulation,
    Name: 'new-app',
    Domain: 'View',
    App: 'none',
    RoleArn: ROLE,
    Destination: { BucketName: 'test-bucket' },
    TagKeys: ['one'],
    Tags: { a: 'b' },
  }
  const members = Object.entries(input).filter(([, member]) => member.required)
  const at = (where: string) => members.filter(([, member]) => member.location === where)
  const body = Object.fromEntries(at('body').map(([member]) => [member, values[member]]))
  return {
    method,
    path: path.replace('{ResourceArn}', percentEncoded(arnOf(simulation))),
    query: Object.fromEntries(
      at('query').map(([member, { wireName }]) => [wireName!, values[member] as string]),
    ),
    ...(method === 'POST' && { body }),
  }
}
