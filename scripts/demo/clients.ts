// The AWS clients that the demo drives Heddle with, and the few waits that every user of the
// service writes.
// Owns nothing but the endpoint; uses no part of Heddle but its address.

import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import type { Credentials } from './heddle.ts'
import { until } from './waiting.ts'

const REGION = 'us-west-2'
// The old client is the one that knows the service; that it is old needn't be said at each run.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'
const POLL_MS = 100

export class Clients {
  readonly weaver: SimSpaceWeaver
  readonly s3: S3Client

  constructor(endpoint: string, credentials: Credentials) {
    this.weaver = new SimSpaceWeaver({ endpoint, region: REGION, credentials, maxRetries: 0 })
    this.s3 = new S3Client({ endpoint, region: REGION, credentials, forcePathStyle: true })
  }

  close(): void {
    this.s3.destroy()
  }

  /** Until a simulation has a status. Throws with the service's reason where it fails instead. */
  async simulationIs(signal: AbortSignal, Simulation: string, status: string): Promise<void> {
    await until(signal, POLL_MS, async () => {
      const found = await this.weaver.describeSimulation({ Simulation }).promise()
      if (found.Status === 'FAILED' && status !== 'FAILED')
        throw new Error(
          `simulation ${Simulation} is FAILED: ` +
            `${found.StartError ?? 'see its log stream /sim/errors'}`,
        )
      return found.Status === status ? true : undefined
    })
  }

  async clockStatus(Simulation: string): Promise<string | undefined> {
    const found = await this.weaver.describeSimulation({ Simulation }).promise()
    return found.LiveSimulationState?.Clocks?.[0]?.Status
  }

  async clockIs(signal: AbortSignal, simulation: string, status: string): Promise<void> {
    await until(signal, POLL_MS, async () =>
      (await this.clockStatus(simulation)) === status ? true : undefined,
    )
  }

  /** Where clients of an app connect, once it is started: actual ports by declared port. */
  async appEndpoint(
    signal: AbortSignal,
    app: { Simulation: string; Domain: string; App: string },
  ): Promise<{ host: string; ports: Map<number, number> }> {
    return await until(signal, POLL_MS, async () => {
      const { Status, EndpointInfo } = await this.weaver.describeApp(app).promise()
      if (Status === 'ERROR') throw new Error(`app ${app.App} is in ERROR`)
      if (Status !== 'STARTED' || !EndpointInfo?.Address) return undefined
      const ports = (EndpointInfo.IngressPortMappings ?? []).map(
        ({ Declared, Actual }) => [Declared ?? 0, Actual ?? 0] as const,
      )
      return { host: EndpointInfo.Address, ports: new Map(ports) }
    })
  }

  /** The one object whose key begins so, once it is there. */
  async objectBelow(
    signal: AbortSignal,
    Bucket: string,
    Prefix: string,
  ): Promise<{ key: string; bytes: number }> {
    return await until(signal, POLL_MS, async () => {
      const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket, Prefix }))
      return Contents.length === 0
        ? undefined
        : { key: Contents[0].Key ?? '', bytes: Contents[0].Size ?? 0 }
    })
  }

  async download(Bucket: string, Key: string, file: string): Promise<void> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket, Key }))
    await pipeline(Body as Readable, createWriteStream(file))
  }
}
