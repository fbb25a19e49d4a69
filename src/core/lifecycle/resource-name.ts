// The ARNs of simulations and log groups, and how many tags a simulation may have.
// Owns their forms; never knows which simulations exist.

import type { Refusal } from '../wire/worker-protocol.ts'

/** The owner of the simulations. */
export interface Owner {
  region: string
  accountId: string
}

export const TAGS_COUNT_MAX = 50

export function simulationArn(owner: Owner, name: string): string {
  return `arn:aws:simspaceweaver:${owner.region}:${owner.accountId}:simulation/${name}`
}

/** `arn:aws:logs:<region>:<account>:log-group:<name>`. */
export function logGroupArn(owner: Owner, logGroup: string): string {
  return logGroup.startsWith('arn:')
    ? logGroup
    : `arn:aws:logs:${owner.region}:${owner.accountId}:log-group:${logGroup}`
}

/**
 * Returns the simulation's name in an ARN. Another kind of resource is invalid; another owner's
 * simulation does not exist here.
 */
export function simulationNameOf(
  arn: string,
  owner: Owner,
): { name: string } | { refusal: Refusal } {
  const parts = /^arn:([^:]+):([^:]+):([^:]*):([^:]*):([^/]+)\/(.+)$/.exec(arn)
  const [, partition, service, region, accountId, kind, name = ''] = parts ?? []
  if (service !== 'simspaceweaver' || kind !== 'simulation') {
    const form = simulationArn(owner, '<name>')
    return {
      refusal: {
        error: 'ValidationException',
        message: `${arn} is not the ARN of a simulation, which reads ${form}`,
      },
    }
  }
  if (partition !== 'aws' || region !== owner.region || accountId !== owner.accountId) {
    const message = `${arn} is not here: this is account ${owner.accountId} in ${owner.region}`
    return { refusal: { error: 'ResourceNotFoundException', message } }
  }
  return { name }
}
