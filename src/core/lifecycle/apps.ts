// The rules for apps of a stopped or failed simulation, whose worker is gone.
// Owns these answers; a living worker alone decides about its apps.

import type { AppState, Refusal, WorkerStatus } from '../wire/worker-protocol.ts'
import { type KnownSimulation, shownApps } from './simulation.ts'

/** Returns the app, or a refusal that says whether the domain or the app is unknown. */
export function findApp(
  simulation: KnownSimulation,
  domain: string,
  name: string,
): { app: AppState } | Missing {
  const missing = refuseMissingDomain(simulation, domain)
  if (missing !== undefined) return { refusal: missing }
  const app = shownApps(simulation).find((each) => each.domain === domain && each.name === name)
  if (app !== undefined) return { app }
  return {
    refusal: notFound(
      `the domain ${domain} of simulation ${simulation.name} has no app named ${name}`,
    ),
  }
}

/** Without a schema, the domains of a simulation are unknown. */
export function refuseMissingDomain(
  simulation: KnownSimulation,
  domain: string,
): Refusal | undefined {
  const domains = simulation.workerStatus?.domains ?? []
  if (domains.some((each) => each.name === domain)) return undefined
  const names = domains.map((each) => each.name).join(', ')
  const known = names === '' ? 'its schema has not been read' : `its domains are ${names}`
  return notFound(`the simulation ${simulation.name} has no domain named ${domain}; ${known}`)
}

/** All apps ended with the simulation, so stopping one succeeds if callers may stop it at all. */
export function stopAppWithoutWorker(
  simulation: KnownSimulation,
  domain: string,
  name: string,
): Refusal | undefined {
  const found = findApp(simulation, domain, name)
  return 'refusal' in found ? found.refusal : refuseUnlessCustom(found.app, 'StopApp')
}

/** Returns the last status without that app, as the newest status from now on. */
export function deleteAppWithoutWorker(
  simulation: KnownSimulation,
  domain: string,
  name: string,
): { status: WorkerStatus } | Missing {
  const found = findApp(simulation, domain, name)
  if ('refusal' in found) return found
  const refusal = refuseUnlessCustom(found.app, 'DeleteApp')
  if (refusal !== undefined || simulation.workerStatus === undefined) {
    return { refusal: refusal ?? notFound(`no app named ${name}`) }
  }
  const { workerStatus } = simulation
  const apps = workerStatus.apps.filter((each) => each.domain !== domain || each.name !== name)
  return { status: { ...workerStatus, revision: workerStatus.revision + 1, apps } }
}

type Missing = { refusal: Refusal }

/** As in the service: spatial and service apps belong to the schema, not to the caller. */
export function refuseUnlessCustom(app: AppState, operation: string): Refusal | undefined {
  if (app.lifecycle === 'ByRequest') return undefined
  const kind = app.lifecycle === 'PerWorker' ? 'service' : 'spatial'
  return {
    error: 'ValidationException',
    message:
      `${operation} is for apps of custom domains; ` +
      `${app.name} belongs to the ${kind} domain ${app.domain}`,
  }
}

function notFound(message: string): Refusal {
  return { error: 'ResourceNotFoundException', message }
}
