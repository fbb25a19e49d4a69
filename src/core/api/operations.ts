// The 16 operations of the service API as data: HTTP binding, members, errors. Types, routes,
// validation and the models for clients in other languages come from this table. Owns requests' and
// answers' form; never performs an operation.

import type { ApiErrorCode } from './errors.ts'
import type { Member, ValueOfMembers } from './shapes.ts'

export const API_VERSION = '2022-10-28'
/** The name of the service in signatures, ARNs and endpoints. */
export const SERVICE_NAME = 'simspaceweaver'

export interface InputMember extends Member {
  /**
   * Where the member travels: in the JSON body under its own name, in the query as `wireName`, or
   * as the path's `{label}`.
   */
  readonly location: 'body' | 'query' | 'path'
  /** The name in the query or the path. The body uses the member's own name. */
  readonly wireName?: string
}

export interface Operation {
  readonly summary: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** At most one `{label}`, at the end of the path. */
  readonly path: string
  readonly input: Readonly<Record<string, InputMember>>
  readonly output: Readonly<Record<string, Member>>
  readonly errors: readonly ApiErrorCode[]
  /**
   * Exactly one of these members must be given. The service has this rule, but its model does not.
   */
  readonly exactlyOneOf?: readonly string[]
}

const READ_ERRORS = [
  'ResourceNotFoundException',
  'InternalServerException',
  'AccessDeniedException',
  'ValidationException',
] as const
const CHANGE_ERRORS = [...READ_ERRORS, 'ConflictException'] as const
const START_ERRORS = [
  'InternalServerException',
  'AccessDeniedException',
  'ValidationException',
  'ServiceQuotaExceededException',
  'ConflictException',
] as const
const TAG_ERRORS = ['ResourceNotFoundException', 'ValidationException'] as const

const SIMULATION_IN_BODY = { location: 'body', shape: 'ResourceName', required: true } as const
const SIMULATION_IN_QUERY = {
  location: 'query',
  wireName: 'simulation',
  shape: 'ResourceName',
  required: true,
} as const
const DOMAIN_IN_QUERY = {
  location: 'query',
  wireName: 'domain',
  shape: 'ResourceName',
  required: true,
} as const
const MAX_RESULTS = {
  location: 'query',
  wireName: 'maxResults',
  shape: 'PageSize',
  summary: 'Maximum number of items in a page.',
} as const
const NEXT_TOKEN = {
  location: 'query',
  wireName: 'nextToken',
  shape: 'FreeText',
  summary: 'The NextToken of the previous page.',
} as const
const NEXT_PAGE = {
  shape: 'FreeText',
  summary: 'Pass it to get the next page; absent on the last page.',
} as const
const CLIENT_TOKEN = { location: 'body', shape: 'ClientToken', idempotencyToken: true } as const
const RESOURCE_ARN = {
  location: 'path',
  wireName: 'ResourceArn',
  shape: 'ResourceArn',
  required: true,
} as const

export const OPERATIONS = {
  StartSimulation: {
    summary: 'Starts a simulation from a schema, or from a snapshot.',
    method: 'POST',
    path: '/startsimulation',
    input: {
      ClientToken: CLIENT_TOKEN,
      Description: { location: 'body', shape: 'Description' },
      MaximumDuration: { location: 'body', shape: 'MaximumDuration' },
      Name: { location: 'body', shape: 'ResourceName', required: true },
      RoleArn: { location: 'body', shape: 'RoleArn', required: true },
      SchemaS3Location: { location: 'body', shape: 'S3Location' },
      SnapshotS3Location: { location: 'body', shape: 'S3Location' },
      Tags: { location: 'body', shape: 'TagMap' },
    },
    exactlyOneOf: ['SchemaS3Location', 'SnapshotS3Location'],
    output: {
      Arn: { shape: 'ResourceArn', always: true },
      CreationTime: { shape: 'Timestamp', always: true },
      ExecutionId: { shape: 'ExecutionId', always: true },
    },
    errors: START_ERRORS,
  },
  DescribeSimulation: {
    summary: 'Shows the current state of a simulation.',
    method: 'GET',
    path: '/describesimulation',
    input: { Simulation: SIMULATION_IN_QUERY },
    output: {
      Arn: { shape: 'ResourceArn', always: true },
      CreationTime: { shape: 'Timestamp', always: true },
      Description: { shape: 'Description' },
      ExecutionId: { shape: 'ExecutionId', always: true },
      LiveSimulationState: { shape: 'LiveSimulationState' },
      LoggingConfiguration: { shape: 'LoggingConfiguration' },
      MaximumDuration: { shape: 'MaximumDuration' },
      Name: { shape: 'ResourceName', always: true },
      RoleArn: { shape: 'RoleArn', always: true },
      SchemaError: { shape: 'FreeText', deprecated: 'Read StartError instead.' },
      SchemaS3Location: { shape: 'S3Location' },
      SnapshotS3Location: { shape: 'S3Location' },
      StartError: {
        shape: 'FreeText',
        summary: 'A JSON array of reasons why the start or the simulation failed.',
      },
      Status: { shape: 'SimulationStatus', always: true },
      TargetStatus: { shape: 'SimulationTargetStatus', always: true },
    },
    errors: READ_ERRORS,
  },
  ListSimulations: {
    summary: 'Lists all simulations that are not deleted.',
    method: 'GET',
    path: '/listsimulations',
    input: { MaxResults: MAX_RESULTS, NextToken: NEXT_TOKEN },
    output: { NextToken: NEXT_PAGE, Simulations: { shape: 'SimulationSummaryList', always: true } },
    errors: ['InternalServerException', 'AccessDeniedException', 'ValidationException'],
  },
  StopSimulation: {
    summary: 'Stops a simulation for good; unsaved state is lost.',
    method: 'POST',
    path: '/stopsimulation',
    input: { Simulation: SIMULATION_IN_BODY },
    output: {},
    errors: CHANGE_ERRORS,
  },
  DeleteSimulation: {
    summary: 'Deletes a stopped or failed simulation; its name becomes free.',
    method: 'DELETE',
    path: '/deletesimulation',
    input: { Simulation: SIMULATION_IN_QUERY },
    output: {},
    errors: CHANGE_ERRORS,
  },
  StartClock: {
    summary: 'Starts the clock of a simulation.',
    method: 'POST',
    path: '/startclock',
    input: { Simulation: SIMULATION_IN_BODY },
    output: {},
    errors: CHANGE_ERRORS,
  },
  StopClock: {
    summary: 'Stops the clock of a simulation; its state remains.',
    method: 'POST',
    path: '/stopclock',
    input: { Simulation: SIMULATION_IN_BODY },
    output: {},
    errors: CHANGE_ERRORS,
  },
  StartApp: {
    summary: 'Starts an app of a custom domain.',
    method: 'POST',
    path: '/startapp',
    input: {
      ClientToken: CLIENT_TOKEN,
      Description: { location: 'body', shape: 'Description' },
      Domain: { location: 'body', shape: 'ResourceName', required: true },
      LaunchOverrides: { location: 'body', shape: 'LaunchOverrides' },
      Name: { location: 'body', shape: 'ResourceName', required: true },
      Simulation: SIMULATION_IN_BODY,
    },
    output: {
      Domain: { shape: 'ResourceName', always: true },
      Name: { shape: 'ResourceName', always: true },
      Simulation: { shape: 'ResourceName', always: true },
    },
    errors: START_ERRORS,
  },
  DescribeApp: {
    summary: 'Shows the current state of an app.',
    method: 'GET',
    path: '/describeapp',
    input: {
      App: { location: 'query', wireName: 'app', shape: 'LongResourceName', required: true },
      Domain: DOMAIN_IN_QUERY,
      Simulation: SIMULATION_IN_QUERY,
    },
    output: {
      Description: { shape: 'Description' },
      Domain: { shape: 'ResourceName', always: true },
      EndpointInfo: { shape: 'EndpointInfo' },
      LaunchOverrides: { shape: 'LaunchOverrides' },
      Name: { shape: 'LongResourceName', always: true },
      Simulation: { shape: 'ResourceName', always: true },
      Status: { shape: 'AppStatus', always: true },
      TargetStatus: { shape: 'AppTargetStatus', always: true },
    },
    errors: READ_ERRORS,
  },
  ListApps: {
    summary: 'Lists the apps of a simulation, or of one of its domains.',
    method: 'GET',
    path: '/listapps',
    input: {
      Domain: { location: 'query', wireName: 'domain', shape: 'ResourceName' },
      MaxResults: MAX_RESULTS,
      NextToken: NEXT_TOKEN,
      Simulation: SIMULATION_IN_QUERY,
    },
    output: { Apps: { shape: 'AppSummaryList', always: true }, NextToken: NEXT_PAGE },
    errors: READ_ERRORS,
  },
  StopApp: {
    summary: 'Stops an app of a custom domain.',
    method: 'POST',
    path: '/stopapp',
    input: {
      App: { location: 'body', shape: 'ResourceName', required: true },
      Domain: { location: 'body', shape: 'ResourceName', required: true },
      Simulation: SIMULATION_IN_BODY,
    },
    output: {},
    errors: CHANGE_ERRORS,
  },
  DeleteApp: {
    summary: 'Deletes a stopped or failed app of a custom domain.',
    method: 'DELETE',
    path: '/deleteapp',
    input: {
      App: { location: 'query', wireName: 'app', shape: 'ResourceName', required: true },
      Domain: DOMAIN_IN_QUERY,
      Simulation: SIMULATION_IN_QUERY,
    },
    output: {},
    errors: CHANGE_ERRORS,
  },
  CreateSnapshot: {
    summary: 'Saves the state of a simulation at one tick to a bucket.',
    method: 'POST',
    path: '/createsnapshot',
    input: {
      Destination: { location: 'body', shape: 'S3Destination', required: true },
      Simulation: SIMULATION_IN_BODY,
    },
    output: {},
    errors: CHANGE_ERRORS,
  },
  ListTagsForResource: {
    summary: 'Lists the tags of a resource.',
    method: 'GET',
    path: '/tags/{ResourceArn}',
    input: { ResourceArn: RESOURCE_ARN },
    output: { Tags: { shape: 'TagMap' } },
    errors: TAG_ERRORS,
  },
  TagResource: {
    summary: 'Adds tags to a resource; an existing key gets the new value.',
    method: 'POST',
    path: '/tags/{ResourceArn}',
    input: {
      ResourceArn: RESOURCE_ARN,
      Tags: { location: 'body', shape: 'TagMap', required: true },
    },
    output: {},
    errors: ['TooManyTagsException', ...TAG_ERRORS],
  },
  UntagResource: {
    summary: 'Removes tags from a resource.',
    method: 'DELETE',
    path: '/tags/{ResourceArn}',
    input: {
      ResourceArn: RESOURCE_ARN,
      TagKeys: { location: 'query', wireName: 'tagKeys', shape: 'TagKeyList', required: true },
    },
    output: {},
    errors: TAG_ERRORS,
  },
} as const satisfies Readonly<Record<string, Operation>>

export type OperationName = keyof typeof OPERATIONS

/**
 * The validated input of an operation. Members keep the API's names (`Simulation`, `MaxResults`).
 */
export type InputOf<Name extends OperationName> = ValueOfMembers<(typeof OPERATIONS)[Name]['input']>

/**
 * The output of an operation. Timestamps are `Date`s; members without a value are left out or
 * `undefined`.
 */
export type OutputOf<Name extends OperationName> = ValueOfMembers<
  (typeof OPERATIONS)[Name]['output']
>

/** The table as plain data, for code that treats all operations alike. */
export function operationOf(name: OperationName): Operation {
  return OPERATIONS[name]
}

/** All names, in the table's order. */
export const OPERATION_NAMES: readonly OperationName[] = Object.keys(OPERATIONS) as OperationName[]
