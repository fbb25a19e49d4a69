// The shapes of the service API as data: every string, number, list, map and structure that an
// operation takes or answers. Owns limits, patterns and value sets; never says which operation uses
// a shape (operations.ts), and never checks a value (validate.ts).

export interface StringShape {
  readonly type: 'string'
  readonly summary?: string
  /** Length in Unicode code points; unlimited if absent. */
  readonly lengthMin?: number
  readonly lengthMax?: number
  /** The whole value must match, whether or not the pattern is anchored. */
  readonly pattern?: string
  /** The only values allowed. */
  readonly values?: readonly string[]
  /**
   * Prefixes, in lower case, that are refused in any case. The service has this rule, but its model
   * does not.
   */
  readonly prefixRefused?: string
  /**
   * Refuses names such as `..`, which mean another place when a name becomes part of a path. A rule
   * of Heddle's own.
   */
  readonly dotsRefused?: true
  /** Must not be logged. */
  readonly sensitive?: true
}

export interface IntegerShape {
  readonly type: 'integer'
  readonly summary?: string
  readonly min?: number
  readonly max?: number
}

/** A `Date` in our types; on the wire a JSON number of seconds since the epoch, with fractions. */
interface TimestampShape {
  readonly type: 'timestamp'
  readonly summary?: string
}

export interface ListShape {
  readonly type: 'list'
  readonly summary?: string
  readonly item: string
  readonly countMin?: number
  readonly countMax?: number
}

export interface MapShape {
  readonly type: 'map'
  readonly summary?: string
  readonly key: string
  readonly value: string
  readonly countMin?: number
  readonly countMax?: number
}

export interface StructureShape {
  readonly type: 'structure'
  readonly summary?: string
  readonly members: Readonly<Record<string, Member>>
}

export interface Member {
  readonly shape: string
  readonly summary?: string
  /** Callers must give the member. */
  readonly required?: true
  /**
   * Heddle always answers the member, though the service's model makes it optional. Only output
   * types use this.
   */
  readonly always?: true
  /** Why the member should no longer be used. */
  readonly deprecated?: string
  /** Clients generate a value if the caller gives none. */
  readonly idempotencyToken?: true
}

export type Shape =
  | StringShape
  | IntegerShape
  | TimestampShape
  | ListShape
  | MapShape
  | StructureShape

const RESOURCE_NAME_PATTERN = '^[a-zA-Z0-9_.-]+$'

export const SHAPES = {
  // Names and addresses of resources
  ResourceName: {
    type: 'string',
    lengthMin: 1,
    lengthMax: 64,
    pattern: RESOURCE_NAME_PATTERN,
    dotsRefused: true,
  },
  LongResourceName: {
    type: 'string',
    lengthMin: 1,
    lengthMax: 256,
    pattern: RESOURCE_NAME_PATTERN,
    dotsRefused: true,
  },
  ResourceArn: {
    type: 'string',
    lengthMax: 1600,
    pattern:
      '^arn:(?:aws|aws-cn|aws-us-gov):simspaceweaver:' +
      '([a-z]{2}-[a-z]+-\\d{1}):(\\d{12})?:([a-z]+)\\/(.+)$',
  },
  RoleArn: {
    type: 'string',
    lengthMax: 1600,
    pattern: '^arn:(?:aws|aws-cn|aws-us-gov):iam::(\\d{12})?:role\\/(.+)$',
  },
  LogGroupArn: {
    type: 'string',
    lengthMax: 1600,
    pattern:
      '^arn:(?:aws|aws-cn|aws-us-gov):log-group:([a-z]{2}-[a-z]+-\\d{1}):(\\d{12})?:role\\/(.+)$',
  },
  ExecutionId: {
    type: 'string',
    lengthMin: 36,
    pattern: '^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$',
  },

  // Plain values
  NonEmptyText: { type: 'string', lengthMin: 1, lengthMax: 1600 },
  FreeText: { type: 'string' },
  Description: { type: 'string', lengthMax: 500 },
  Timestamp: { type: 'timestamp' },
  PageSize: { type: 'integer', min: 1 },
  PortNumber: { type: 'integer', min: 0, max: 65535 },
  ClientToken: {
    type: 'string',
    summary:
      'Makes a request safe to retry: the same token with the same input returns the first ' +
      'answer again.',
    lengthMin: 32,
    lengthMax: 128,
    pattern: '^[a-zA-Z0-9-]+$',
    sensitive: true,
  },
  MaximumDuration: {
    type: 'string',
    summary:
      'A number and a unit: m (minutes), h (hours) or d (days), in either case. The default ' +
      'is 14D.',
    lengthMin: 2,
    lengthMax: 6,
    pattern: '^\\d{1,5}[mhdMHD]$',
  },

  // Places in buckets
  BucketName: { type: 'string', lengthMin: 3, lengthMax: 63 },
  ObjectKey: { type: 'string', lengthMin: 1, lengthMax: 1024 },
  ObjectKeyPrefix: { type: 'string', lengthMax: 1024 },
  S3Location: {
    type: 'structure',
    summary: 'An object in a bucket.',
    members: {
      BucketName: { shape: 'BucketName', required: true },
      ObjectKey: { shape: 'ObjectKey', required: true },
    },
  },
  S3Destination: {
    type: 'structure',
    summary: 'A bucket, and a prefix for the keys that are written to it.',
    members: {
      BucketName: { shape: 'BucketName', required: true },
      ObjectKeyPrefix: { shape: 'ObjectKeyPrefix' },
    },
  },

  // Tags
  TagKey: { type: 'string', lengthMin: 1, lengthMax: 128, prefixRefused: 'aws:' },
  TagValue: { type: 'string', lengthMax: 256 },
  TagKeyList: { type: 'list', item: 'TagKey', countMin: 1, countMax: 50 },
  TagMap: { type: 'map', key: 'TagKey', value: 'TagValue', countMin: 1, countMax: 50 },

  // Simulations
  SimulationStatus: {
    type: 'string',
    values: [
      'UNKNOWN',
      'STARTING',
      'STARTED',
      'STOPPING',
      'STOPPED',
      'FAILED',
      'DELETING',
      'DELETED',
      'SNAPSHOT_IN_PROGRESS',
    ],
  },
  SimulationTargetStatus: { type: 'string', values: ['UNKNOWN', 'STARTED', 'STOPPED', 'DELETED'] },
  SimulationSummary: {
    type: 'structure',
    members: {
      Arn: { shape: 'ResourceArn', always: true },
      CreationTime: { shape: 'Timestamp', always: true },
      Name: { shape: 'ResourceName', always: true },
      Status: { shape: 'SimulationStatus', always: true },
      TargetStatus: { shape: 'SimulationTargetStatus', always: true },
    },
  },
  SimulationSummaryList: { type: 'list', item: 'SimulationSummary' },
  LiveSimulationState: {
    type: 'structure',
    summary: 'State that is known only while a simulation runs.',
    members: {
      Clocks: { shape: 'ClockList' },
      Domains: { shape: 'DomainList' },
    },
  },
  ClockStatus: {
    type: 'string',
    values: ['UNKNOWN', 'STARTING', 'STARTED', 'STOPPING', 'STOPPED'],
  },
  ClockTargetStatus: { type: 'string', values: ['UNKNOWN', 'STARTED', 'STOPPED'] },
  Clock: {
    type: 'structure',
    members: {
      Status: { shape: 'ClockStatus', always: true },
      TargetStatus: { shape: 'ClockTargetStatus', always: true },
    },
  },
  ClockList: { type: 'list', item: 'Clock' },
  DomainLifecycle: {
    type: 'string',
    summary: 'Who starts the apps of a domain: the grid, the workers, or the caller.',
    values: ['Unknown', 'PerWorker', 'BySpatialSubdivision', 'ByRequest'],
  },
  Domain: {
    type: 'structure',
    members: {
      Lifecycle: { shape: 'DomainLifecycle', always: true },
      Name: { shape: 'ResourceName', always: true },
    },
  },
  DomainList: { type: 'list', item: 'Domain' },
  LogGroup: { type: 'structure', members: { LogGroupArn: { shape: 'LogGroupArn' } } },
  LogDestination: { type: 'structure', members: { CloudWatchLogsLogGroup: { shape: 'LogGroup' } } },
  LogDestinationList: { type: 'list', item: 'LogDestination' },
  LoggingConfiguration: {
    type: 'structure',
    members: { Destinations: { shape: 'LogDestinationList' } },
  },

  // Apps
  AppStatus: {
    type: 'string',
    values: ['STARTING', 'STARTED', 'STOPPING', 'STOPPED', 'ERROR', 'UNKNOWN'],
  },
  AppTargetStatus: { type: 'string', values: ['UNKNOWN', 'STARTED', 'STOPPED'] },
  AppSummary: {
    type: 'structure',
    members: {
      Domain: { shape: 'ResourceName', always: true },
      Name: { shape: 'LongResourceName', always: true },
      Simulation: { shape: 'ResourceName', always: true },
      Status: { shape: 'AppStatus', always: true },
      TargetStatus: { shape: 'AppTargetStatus', always: true },
    },
  },
  AppSummaryList: { type: 'list', item: 'AppSummary' },
  LaunchCommandList: { type: 'list', item: 'NonEmptyText' },
  LaunchOverrides: {
    type: 'structure',
    summary: 'Settings of one app that replace those of its domain.',
    members: {
      LaunchCommands: { shape: 'LaunchCommandList', summary: 'The program and its arguments.' },
    },
  },
  PortMapping: {
    type: 'structure',
    members: {
      Actual: { shape: 'PortNumber', always: true, summary: 'The port that clients connect to.' },
      Declared: { shape: 'PortNumber', always: true, summary: 'The port in the schema.' },
    },
  },
  PortMappingList: { type: 'list', item: 'PortMapping' },
  EndpointInfo: {
    type: 'structure',
    summary: 'Where clients reach an app.',
    members: {
      Address: { shape: 'NonEmptyText', always: true },
      IngressPortMappings: { shape: 'PortMappingList', always: true },
    },
  },
} as const satisfies Readonly<Record<string, Shape>>

export type ShapeName = keyof typeof SHAPES

/** The TypeScript type of a shape's values, e.g. `ValueOf<'SimulationStatus'>`. */
export type ValueOf<Name> = Name extends ShapeName ? ValueOfShape<(typeof SHAPES)[Name]> : never

/** The TypeScript type of a set of members: `required` and `always` members are not optional. */
export type ValueOfMembers<Members> = Simplify<
  {
    readonly [Name in keyof Members as IsPresent<Members[Name], Name>]: ValueOfMember<Members[Name]>
  } & {
    readonly [Name in keyof Members as IsPresent<Members[Name], Name> extends never
      ? Name
      : never]?: ValueOfMember<Members[Name]>
  }
>

/**
 * The shape of that name. A test holds the table's references complete, so a name from the table is
 * always found.
 */
export function shapeOf(name: string): Shape {
  return SHAPES[name as ShapeName]
}

type ValueOfShape<S> = S extends {
  readonly type: 'string'
  readonly values: readonly (infer Value)[]
}
  ? Value
  : S extends { readonly type: 'string' }
    ? string
    : S extends { readonly type: 'integer' }
      ? number
      : S extends { readonly type: 'timestamp' }
        ? Date
        : S extends { readonly type: 'list'; readonly item: infer Item }
          ? readonly ValueOf<Item>[]
          : S extends { readonly type: 'map'; readonly value: infer Value }
            ? Readonly<Record<string, ValueOf<Value>>>
            : S extends { readonly type: 'structure'; readonly members: infer Members }
              ? ValueOfMembers<Members>
              : never

type ValueOfMember<M> = M extends { readonly shape: infer Name } ? ValueOf<Name> : never
type IsPresent<M, Name> = M extends { readonly required: true } | { readonly always: true }
  ? Name
  : never
type Simplify<T> = { [Key in keyof T]: T[Key] }
