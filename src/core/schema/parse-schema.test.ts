import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ParseOptions, parseSchema } from './parse-schema.ts'
import { HEDDLE_LIMITS } from './schema-limits.ts'

const whole = `sdk_version: "1.17"
simulation_properties:
  log_destination_resource_name: "MyLogs"
  log_destination_service: "logs"
  default_entity_index_key_type: "Vector3<f32>"
  default_image: "registry/default:1"
workers:
  MyWorkers:
    type: "sim.c5.24xlarge"
    desired: 3
clock:
  tick_rate: "30"
partitioning_strategies:
  MyGrid:
    topology: "Grid"
    aabb_bounds:
      x: [-1000, 1000]
      y: [-500.5, 500]
    grid_placement_groups:
      x: 3
      y: 1
domains:
  People:
    launch_apps_by_partitioning_strategy:
      partitioning_strategy: "MyGrid"
      grid_partition:
        x: 6
        y: 4
    app_config:
      package: "s3://my-bucket/people app.zip"
      launch_command: ["people", "--speed", 5, ""]
      required_resource_units:
        compute: 1
  Watch:
    launch_apps_via_start_app_call: {}
    app_config:
      package: "s3://my-bucket/watch.zip"
      launch_command: ["watch"]
      required_resource_units:
        compute: 2
      endpoint_config:
        ingress_ports: [7000, 7001]
    image: "registry/watch:2"
  Weather:
    launch_apps_per_worker:
      count: 2
    app_config:
      package: "s3://my-bucket/weather.zip"
      launch_command: ["weather"]
      required_resource_units:
        compute: 1
placement_constraints:
  - placed_together: ["People"]
    on_workers: ["MyWorkers"]
`

/**
 * Makes one replacement in the whole schema and expects these faults, each named by a part of its
 * message.
 */
function check(
  change: [string | RegExp, string],
  expected: string[],
  options?: ParseOptions,
): void {
  const text = whole.replace(...change)
  assert.notEqual(text, whole, `nothing to replace: ${change[0]}`)
  checkText(text, expected, options)
}

function checkText(text: string, expected: string[], options?: ParseOptions): void {
  const messages = faultsOf(text, options)
  const shown = messages.join('\n')
  assert.equal(messages.length, expected.length, shown || 'no faults')
  for (const [index, part] of expected.entries())
    assert.ok(messages[index].includes(part), `${part}\nis not in\n${shown}`)
}

function faultsOf(text: string, options?: ParseOptions): string[] {
  const result = parseSchema(text, options)
  if ('schema' in result) return []
  assert.ok(result.errors.length > 0)
  for (const error of result.errors) assert.equal(error.errorType, 'SchemaFormatInvalid')
  return result.errors.map((error) => error.errorMessage)
}

function schemaOf(text: string, options?: ParseOptions) {
  const result = parseSchema(text, options)
  assert.ok('schema' in result, 'errors' in result ? JSON.stringify(result.errors) : '')
  return result.schema
}

test('a whole schema is read into plain data, with the domains in the order of the file', () => {
  assert.deepEqual(schemaOf(whole), {
    sdkVersion: '1.17',
    logDestination: 'MyLogs',
    clock: { tickRate: 30 },
    workers: [{ name: 'MyWorkers', type: 'sim.c5.24xlarge', desired: 3 }],
    strategies: [
      {
        name: 'MyGrid',
        bounds: { minX: -1000, maxX: 1000, minY: -500.5, maxY: 500 },
        placementGroups: { x: 3, y: 1 },
      },
    ],
    domains: [
      {
        name: 'People',
        lifecycle: 'BySpatialSubdivision',
        strategy: 'MyGrid',
        grid: { x: 6, y: 4 },
        package: { kind: 's3', bucket: 'my-bucket', key: 'people app.zip' },
        launchCommand: ['people', '--speed', '5', ''],
        resourceUnits: 1,
        ingressPorts: [],
        image: 'registry/default:1',
      },
      {
        name: 'Watch',
        lifecycle: 'ByRequest',
        package: { kind: 's3', bucket: 'my-bucket', key: 'watch.zip' },
        launchCommand: ['watch'],
        resourceUnits: 2,
        ingressPorts: [7000, 7001],
        image: 'registry/watch:2',
      },
      {
        name: 'Weather',
        lifecycle: 'PerWorker',
        countPerWorker: 2,
        package: { kind: 's3', bucket: 'my-bucket', key: 'weather.zip' },
        launchCommand: ['weather'],
        resourceUnits: 1,
        ingressPorts: [],
        image: 'registry/default:1',
      },
    ],
    placementConstraints: [{ placedTogether: ['People'], onWorkers: ['MyWorkers'] }],
  })
})

test('the schema is frozen through and through', () => {
  const schema = schemaOf(whole)
  const parts: unknown[] = [schema]
  for (const part of parts) {
    if (typeof part !== 'object' || part === null) continue
    assert.ok(Object.isFrozen(part))
    parts.push(...Object.values(part))
  }
  assert.ok(parts.length > 60)
})

test('all faults are reported at once, in the order of the text, with their places', () => {
  const text = whole
    .replace('desired: 3', 'desired: 0')
    .replace('tick_rate: "30"', 'tick_rate: "fast"')
    .replace('compute: 2', 'compute: lots')
  assert.deepEqual(faultsOf(text), [
    'line 10, column 14: workers.MyWorkers.desired: must be a whole number from 1 to 1000, ' +
      'not the number 0',
    'line 12, column 14: clock.tick_rate: must be a whole number from 1 to 1000, in ' +
      'quotes, or "unlimited"; it is the text "fast"',
    'line 40, column 18: domains.Watch.app_config.required_resource_units.compute: must be ' +
      'a whole number from 1 to 17, not the text "lots"',
  ])
})

test('an unknown property is a fault at its key, with the name that was probably meant', () => {
  check(
    ['tick_rate:', 'tickRate:'],
    [
      'must have the property "tick_rate"',
      'clock.tickRate: is not a known property (did you mean "tick_rate"?)',
    ]
      .toReversed()
      .toSorted(),
  )
  check(
    ['  Weather:\n', '  Weather:\n    colour: red\n'],
    ['line 45, column 5: domains.Weather.colour: is not a known property'],
  )
  check(
    ['    image: "registry', '    imgae: "registry'],
    ['domains.Watch.imgae: is not a known property (did you mean "image"?)'],
  )
})

test('a property that is there twice is a fault at the second', () => {
  check(
    ['    desired: 3\n', '    desired: 3\n    desired: 4\n'],
    ['line 11, column 5: workers.MyWorkers.desired: is there twice'],
  )
  check(['  Weather:', '  Watch:'], ['line 44, column 3: domains.Watch: is there twice'])
})

test('missing properties are named', () => {
  check(['clock:\n  tick_rate: "30"\n', ''], ['line 1, column 1: must have the property "clock"'])
  check(
    [/simulation_properties:\n( .*\n)+/, ''],
    ['must have the property "simulation_properties"'],
  )
  check(
    ['      package: "s3://my-bucket/watch.zip"\n', ''],
    ['domains.Watch.app_config: must have the property "package"'],
  )
})

test('names of domains, strategies and worker groups have 3 to 64 allowed characters', () => {
  check(
    ['  Weather:', '  We:'],
    ['line 44, column 3: domains.We: the name of a domain must be 3 to 64 characters'],
  )
  check(['  Weather:', '  Wea ther:'], ['domains."Wea ther": the name of a domain'])
  check(['  Weather:', '  __proto__:'], [])
  check(
    ['  MyWorkers:', '  My.Workers:'],
    [
      'the name of a worker group',
      'names no worker group: "MyWorkers" (did you mean "My.Workers"?)',
    ],
  )
  check([/MyGrid/g, 'G'.repeat(65)], ['the name of a strategy'])
})

test('versions are the known ones, with a patch number or without', () => {
  const versionOf = (written: string) => schemaOf(whole.replace('"1.17"', written)).sdkVersion
  assert.equal(versionOf('1.17'), '1.17')
  assert.equal(versionOf('"1.17.0"'), '1.17')
  assert.equal(versionOf('1.14.12'), '1.14')
  check(['"1.17"', '"1.17.0.1"'], ['line 1, column 14: sdk_version: must be one of "1.17", "1.16"'])
  for (const written of ['v1.17.0', '1.17.', '1.17.0.1'])
    assert.ok(faultsOf(whole.replace('"1.17"', written))[0].endsWith('; write "1.17"'), written)
  check(['"1.17"', '"1.18.0"'], ['sdk_version: must be one of'])
  check(['"1.17"', '"1.18"'], ['sdk_version: must be one of'])
  check(['"1.17"', '1.2'], ['sdk_version: must be one of'])
})

const early = whole
  .replace('"1.17"', '"1.13"')
  .replace('"30"', '15')
  .replace(/ {2}default_image.*\n/, '')
  .replace(/ {4}image.*\n/, '')
  .replace(/placement_constraints[\s\S]*/, '')

test('early versions have one spatial domain, integer tick rates and no images', () => {
  assert.equal(schemaOf(early).clock.tickRate, 15)
  assert.equal(schemaOf(early.replace('1.13', '1.12')).sdkVersion, '1.12')
  assert.equal(schemaOf(early.replace('1.13', '1.12.3')).clock.tickRate, 15)
  checkText(early.replace('rate: 15', 'rate: "15"'), [
    'clock.tick_rate: must be a whole number from 1 to 1000, without quotes',
  ])
  checkText(early.replace('rate: 15', 'rate: "unlimited"'), ['clock.tick_rate: must be'])
  checkText(whole.replace('"1.17"', '"1.12"').replace('"30"', '30'), [
    'default_image: needs sdk_version "1.14"',
    'domains.Watch.image: needs sdk_version "1.14"',
    'placement_constraints: needs sdk_version "1.14"',
  ])
  const second = early
    .replace(
      '    launch_apps_via_start_app_call: {}',
      '    launch_apps_by_partitioning_strategy: {partitioning_strategy: MyGrid}',
    )
    .replace(/ {6}endpoint_config:\n.*\n/, '')
  checkText(second, ['domains: must have exactly one spatial domain'])
  checkText(second.replace('"1.13"', '"1.14"').replace('rate: 15', 'rate: "15"'), [])
})

test('tick rates are strings from version 1.14 on', () => {
  check(
    ['"30"', '30'],
    [
      'clock.tick_rate: must be a whole number from 1 to 1000, in quotes, or "unlimited"; ' +
        'it is the number 30',
    ],
  )
  check(['"30"', '"1001"'], ['clock.tick_rate'])
  check(['"30"', '"0"'], ['clock.tick_rate'])
  check(['"30"', '"1000"'], [])
  assert.equal(schemaOf(whole.replace('"30"', 'unlimited')).clock.tickRate, 'unlimited')
})

test('a log destination is a name with its service, or an ARN without', () => {
  const arn = 'arn:aws:logs:us-west-2:111122223333:log-group:/my/group'
  const service = '  log_destination_service: "logs"\n'
  assert.equal(
    schemaOf(whole.replace('MyLogs', arn).replace(service, '')).logDestination,
    '/my/group',
  )
  assert.equal(
    schemaOf(whole.replace('MyLogs', `${arn}:*`).replace(service, '')).logDestination,
    '/my/group',
  )
  const withSlash = arn.replace('log-group:', 'log-group/')
  assert.equal(
    schemaOf(whole.replace('MyLogs', withSlash).replace(service, '')).logDestination,
    '/my/group',
  )
  const example = 'arn:aws:logs:us-west-2:111122223333:log-group/MySimulationLogs'
  assert.equal(
    schemaOf(whole.replace('MyLogs', example).replace(service, '')).logDestination,
    'MySimulationLogs',
  )
  assert.equal(schemaOf(whole.replace(/ {2}log_dest.*\n/g, '')).logDestination, undefined)
  check(['MyLogs', arn], ['log_destination_service: must be left out'])
  check(
    [service, ''],
    ['log_destination_resource_name: must be an ARN, or have log_destination_service'],
  )
  check(
    [/ {2}log_destination_resource.*\n/, ''],
    ['log_destination_service: needs log_destination_resource_name'],
  )
  check(['"logs"', '"s3"'], ['log_destination_service: must be "logs", not "s3"'])
  check(['MyLogs', 'My Logs'], ['log_destination_resource_name: must name a log group'])
  for (const wrong of [
    'arn:aws:s3:::bucket',
    `${arn}:log-stream:x`,
    example.replace('/', ':/a:b:'),
  ])
    checkText(whole.replace('MyLogs', wrong).replace(service, ''), [
      'must be the ARN of a log group',
    ])
})

test('bounds are pairs of float32 numbers with min below max', () => {
  check(['[-1000, 1000]', '[1000, -1000]'], ['aabb_bounds.x: must have its min below its max'])
  check(['[-1000, 1000]', '[1, 1.00000001]'], ['aabb_bounds.x: must have its min below its max'])
  check(
    ['[-1000, 1000]', '[1, 2, 3]'],
    ['aabb_bounds.x: must be two numbers, min and max; it has 3 items'],
  )
  check(['[-1000, 1000]', '[-1000, .inf]'], ['aabb_bounds.x[1]: must lie within'])
  check(['[-1000, 1000]', '[.nan, 1]'], ['aabb_bounds.x[0]: must lie within'])
  check(['[-1000, 1000]', '[-3.5e38, 1]'], ['aabb_bounds.x[0]: must lie within'])
  check(['[-1000, 1000]', '["a", 1]'], ['aabb_bounds.x[0]: must be a number, not the text "a"'])
  assert.equal(
    schemaOf(whole.replace('[-1000, 1000]', '[-3.4028235e38, 3.4028235e38]')).strategies[0].bounds
      .maxX,
    3.4028234663852886e38,
  )
  check(
    ['[-1000, 1000]', '[1, 1.0000002]'],
    ["grid_partition: cuts MyGrid's aabb_bounds into cells too thin"],
  )
})

test('a grid is given by its partition, its placement groups, or both as multiples', () => {
  const partition = '      grid_partition:\n        x: 6\n        y: 4\n'
  const groups = '    grid_placement_groups:\n      x: 3\n      y: 1\n'
  const [first] = schemaOf(whole.replace(partition, '')).domains
  assert.deepEqual(first.lifecycle === 'BySpatialSubdivision' && first.grid, { x: 3, y: 1 })
  check([groups, ''], [])
  checkText(whole.replace(groups, '').replace(partition, ''), [
    'must have grid_partition, as MyGrid has no grid_placement_groups',
  ])
  check(
    ['x: 6', 'x: 7'],
    [
      "grid_partition: must be a multiple of MyGrid's grid_placement_groups on each axis: " +
        '7 by 4 is none of 3 by 1',
    ],
  )
  check(['x: 6', 'x: 0'], ['grid_partition.x: must be a whole number from 1 to 256'])
  check(
    ['strategy: "MyGrid"', 'strategy: "MyGird"'],
    ['names no strategy of partitioning_strategies: "MyGird" (did you mean "MyGrid"?)'],
  )
  check(['y: 1\n', 'y: 1.5\n'], ['grid_placement_groups.y: must be a whole number'])
})

test('a domain has exactly one way to launch, and one domain at least is spatial', () => {
  check(
    ['    launch_apps_via_start_app_call: {}\n', ''],
    [
      'domains.Watch: must have exactly one of launch_apps_by_partitioning_strategy, ' +
        'launch_apps_via_start_app_call, launch_apps_per_worker; it has none',
    ],
  )
  check(
    ['app_call: {}\n', 'app_call: {}\n    launch_apps_per_worker: {}\n'],
    ['it has launch_apps_via_start_app_call and launch_apps_per_worker'],
  )
  check(
    [/ {4}launch_apps_by_part[\s\S]*?y: 4\n/, '    launch_apps_via_start_app_call: {}\n'],
    [
      'domains: must have at least one spatial domain',
      'placed_together: must name spatial domains; People is none',
    ],
  )
  check(
    ['app_call: {}', 'app_call: {now: true}'],
    ['launch_apps_via_start_app_call.now: is not a known property'],
  )
})

test('a service domain has one or two apps a worker, one where nothing is said', () => {
  for (const text of ['launch_apps_per_worker: {}\n', 'launch_apps_per_worker:\n']) {
    const domain = schemaOf(whole.replace(/launch_apps_per_worker:\n.*\n/, text)).domains[2]
    assert.equal(domain.lifecycle === 'PerWorker' && domain.countPerWorker, 1)
  }
  check(
    ['count: 2', 'count: 3'],
    ['launch_apps_per_worker.count: must be a whole number from 1 to 2'],
  )
})

test('ingress ports are unique, from 1024 to 49152, and not for spatial domains', () => {
  check(['[7000, 7001]', '[7000, 7000]'], ['ingress_ports[1]: repeats the port 7000'])
  check(
    ['[7000, 7001]', '[80, 49153]'],
    ['ingress_ports[0]: must be a whole number from 1024 to 49152', 'ingress_ports[1]'],
  )
  check(['[7000, 7001]', '[]'], ['ingress_ports: must have at least one port'])
  check(['[7000, 7001]', '7000'], ['ingress_ports: must be a list, not the number 7000'])
  check(
    [
      /compute: 1\n {2}Watch/,
      'compute: 1\n      endpoint_config: {ingress_ports: [7000]}\n  Watch',
    ],
    ['domains.People.app_config.endpoint_config: is for custom and service domains only'],
  )
})

test('packages are in buckets, or in files where the host has folders for them', () => {
  const hosts: ParseOptions = { limits: { ...HEDDLE_LIMITS, packageFolders: ['/opt'] } }
  const locationOf = (text: string) =>
    schemaOf(whole.replace('s3://my-bucket/watch.zip', text), hosts).domains[1].package
  assert.deepEqual(locationOf('s3://buck.et/a/b//c.zip'), {
    kind: 's3',
    bucket: 'buck.et',
    key: 'a/b//c.zip',
  })
  assert.deepEqual(locationOf('file:///opt/my%20app'), { kind: 'path', path: '/opt/my app' })
  assert.deepEqual(locationOf('/build/app.zip'), { kind: 'path', path: '/build/app.zip' })
  for (const relative of ['./build/app.zip', 'app.zip', '../app'])
    check(['s3://my-bucket/watch.zip', relative], ['package: must be an absolute path'], hosts)
  for (const onHost of ['file:///opt/app', '/opt/app.zip', './app', '~/app'])
    check(
      ['s3://my-bucket/watch.zip', onHost],
      ['domains.Watch.app_config.package: must have the form s3://bucket/key'],
    )
  for (const wrong of [
    's3://my-bucket',
    's3://my-bucket/',
    's3:///key',
    's3://a/key',
    'https://host/app.zip',
    'file://host/app',
    'file:///a%2Fb',
    'file:///%zz',
    ' ',
  ]) {
    check(['s3://my-bucket/watch.zip', wrong], ['domains.Watch.app_config.package: '])
  }
})

test('a launch command is a list of words that begins with a program', () => {
  check(['["watch"]', '[]'], ['launch_command: must name a program'])
  check(['["watch"]', '[""]'], ['launch_command[0]: must not be empty'])
  check(['["watch"]', 'watch'], ['launch_command: must be a list, not the text "watch"'])
  check(['["watch"]', '["watch", [1]]'], ['launch_command[1]: must be a string, not a list'])
  check(['["watch"]', '["wat\\0ch"]'], ['launch_command[0]: must not contain a NUL'])
})

test('placement constraints name domains and worker groups that exist, of one strategy', () => {
  check(
    ['["People"]', '["Peopel"]'],
    ['placed_together[0]: names no domain: "Peopel" (did you mean "People"?)'],
  )
  check(
    ['["People"]', '["People", "Weather"]'],
    ['placed_together: must name spatial domains; Weather is none'],
  )
  check(['["People"]', '["People", "People"]'], ['placed_together[1]: repeats "People"'])
  check(['["People"]', '[]'], ['placed_together: must name at least one domain'])
  check(['["MyWorkers"]', '["Others"]'], ['on_workers[0]: names no worker group'])
  const twoGrids = whole
    .replace(
      '  MyGrid:',
      '  Other:\n    topology: Grid\n    aabb_bounds: {x: [0, 1], y: [0, 1]}\n  MyGrid:',
    )
    .replace(
      '  Watch:',
      '  Birds:\n' +
        '    launch_apps_by_partitioning_strategy: {partitioning_strategy: Other, ' +
        'grid_partition: {x: 1, y: 1}}\n' +
        '    app_config: {package: s3://my-bucket/birds.zip, launch_command: [birds], ' +
        'required_resource_units: {compute: 1}}\n  Watch:',
    )
  checkText(twoGrids, [])
  checkText(twoGrids.replace('["People"]', '["People", "Birds"]'), [
    'placed_together: must name domains of one partitioning strategy',
  ])
})

test('a fault in one place makes no faults where it is only named', () => {
  check(['x: [-1000, 1000]', 'x: [5, 1]'], ['aabb_bounds.x'])
  check(['["watch"]', '[]'], ['domains.Watch.app_config.launch_command'])
  check(['desired: 3', 'desired: x'], ['workers.MyWorkers.desired'])
})

test('the limits of the service are there for the asking', () => {
  const aws: ParseOptions = { limits: 'aws' }
  check(['desired: 3', 'desired: 2'], [], aws)
  check(['"sim.c5.24xlarge"', '"laptop"'], ['type: must be "sim.c5.24xlarge", not "laptop"'], aws)
  check(['"sim.c5.24xlarge"', '"laptop"'], [])
  check(
    ['"30"', '"20"'],
    ['clock.tick_rate: must be one of 10, 15, 30, in quotes, or "unlimited"'],
    aws,
  )
  check(['x: 6', 'x: 21'], ['grid_partition.x: must be a whole number from 1 to 20'], aws)
  check(['x: 6', 'x: 21'], [])
  check(['compute: 2', 'compute: 5'], ['compute: must be a whole number from 1 to 4'], aws)
  check(['compute: 2', 'compute: 5'], [])
  check(
    ['s3://my-bucket/watch.zip', './watch'],
    ['package: must have the form s3://bucket/key'],
    aws,
  )
  check(
    ['desired: 3\n', 'desired: 3\n  More:\n    type: "sim.c5.24xlarge"\n    desired: 1\n'],
    ['workers: must have exactly one worker group; it has 2'],
    aws,
  )
  const more = (count: number) =>
    Array.from(
      { length: count },
      (_, index) =>
        `  View${index}:\n    launch_apps_via_start_app_call: {}\n` +
        '    app_config: {package: "s3://my-bucket/v.zip", launch_command: [v], ' +
        'required_resource_units: {compute: 1}}\n',
    ).join('')
  check(['  Watch:', `${more(3)}  Watch:`], ['domains: must have at most 5 entries; it has 6'], aws)
  check(['  Watch:', `${more(61)}  Watch:`], [])
  check(['  Watch:', `${more(62)}  Watch:`], ['at most 64'])
})

test('aliases work, and bombs made of them are refused', () => {
  const aliased = whole.replace('["weather"]', '*words').replace('["watch"]', '&words ["watch"]')
  assert.deepEqual(schemaOf(aliased).domains[2].launchCommand, ['watch'])
  const bomb = Array.from(
    { length: 12 },
    (_, i) =>
      `a${i}: &a${i} [${Array(9)
        .fill(i === 0 ? 'x' : `*a${i - 1}`)
        .join(', ')}]`,
  ).join('\n')
  checkText(bomb, ["can't be read as YAML: Excessive alias count"])
  checkText('a: 1\nb: [x, *nothing]', [
    "line 2, column 8: '*nothing' names no anchor that comes before it",
  ])
  checkText('a: *late\nb: &late 1', ["line 1, column 4: '*late' names no anchor"])
  checkText('&a [*a]', ['must be a mapping, not a list'])
})

test('a merge key takes over what a mapping does not say itself', () => {
  const config =
    '{package: "s3://my-bucket/all.zip", launch_command: [all], required_resource_units: ' +
    '{compute: 4}}'
  const first = whole.replace(
    '    app_config:\n      package: "s3://my-bucket/people app.zip"',
    (found) => found.replace('app_config:', 'app_config: &config'),
  )
  const merged = schemaOf(
    first.replace(
      / {6}package: "s3:\/\/my-bucket\/weather.zip"[\s\S]*?compute: 1\n/,
      '      <<: *config\n',
    ),
  )
  assert.deepEqual(merged.domains[2].package, {
    kind: 's3',
    bucket: 'my-bucket',
    key: 'people app.zip',
  })
  assert.deepEqual(merged.domains[2].launchCommand, ['people', '--speed', '5', ''])
  const own = schemaOf(
    first.replace(/ {6}launch_command: \["weather"\]\n[\s\S]*?compute: 1\n/, '      <<: *config\n'),
  )
  assert.deepEqual(own.domains[2].package, { kind: 's3', bucket: 'my-bucket', key: 'weather.zip' })
  assert.deepEqual(own.domains[2].launchCommand, ['people', '--speed', '5', ''])
  // The first mapping of a list wins, and a merged mapping may merge others.
  const listed = schemaOf(
    first.replace(
      / {6}package: "s3:\/\/my-bucket\/weather.zip"[\s\S]*?compute: 1\n/,
      `      <<: [{<<: ${config}, launch_command: [one]}, *config]\n`,
    ),
  )
  assert.deepEqual(listed.domains[2].launchCommand, ['one'])
  assert.equal(listed.domains[2].resourceUnits, 4)
})

test('what cannot be merged is a fault, and merges multiply as little as aliases', () => {
  checkText(
    whole.replace('clock:', 'clock:\n  <<: 3'),
    ['clock.<<: must be an alias of a mapping (*name), or a list of some, not the number 3'].map(
      (part) => part.replace('<<', '"<<"'),
    ),
  )
  checkText(whole.replace('clock:', 'clock:\n  <<: [{}, 1]'), ['must be an alias of a mapping'])
  checkText(whole.replace('clock:', 'clock: &clock\n  <<: *clock'), [
    'clock: is merged into itself',
  ])
  checkText(whole.replace('clock:', 'clock:\n  <<: {}\n  <<: {}'), ['is there twice'])
  checkText(whole.replace('clock:', 'clock:\n  "<<": {}'), ['clock."<<": is not a known property'])
  checkText(whole.replace('clock:', 'clock:\n  <<: {ticks: 3}'), [
    'clock.ticks: is not a known property',
  ])
  const level = (i: number) =>
    `a${i}: &a${i} {<<: [${Array(9)
      .fill(i === 0 ? '{x: 1}' : `*a${i - 1}`)
      .join(', ')}]}`
  checkText(Array.from({ length: 12 }, (_, i) => level(i)).join('\n'), [
    "can't be read as YAML: Excessive alias count",
  ])
})

test('an image is named beside app_config or in it, not in both', () => {
  const inside = whole.replace('    image: "registry/watch:2"', '      image: "registry/watch:3"')
  assert.equal(schemaOf(inside).domains[1].image, 'registry/watch:3')
  const both = whole.replace(
    '    image: "registry/watch:2"',
    '      image: "registry/watch:3"\n    image: "registry/watch:2"',
  )
  checkText(both, [
    'line 43, column 7: domains.Watch.app_config.image: is named beside app_config too; ' +
      'keep one of the two',
  ])
  check(
    ['"registry/watch:2"', '"registry/watch 2"'],
    ['domains.Watch.image: must not contain spaces'],
  )
  checkText(inside.replace('watch:3', 'watch 3'), [
    'domains.Watch.app_config.image: must not contain spaces',
  ])
  checkText(early.replace('      endpoint_config', '      image: a\n      endpoint_config'), [
    'domains.Watch.app_config.image: needs sdk_version "1.14"',
  ])
})

test('text that is no YAML, or no mapping, is a fault and never a crash', () => {
  checkText('', ['line 1, column 1: the schema is empty'])
  checkText('~', ['the schema is empty'])
  checkText('just text', ['must be a mapping, not the text "just text"'])
  checkText('- 1\n- 2', ['must be a mapping, not a list'])
  checkText('a: [1, 2', ['line 1, column 9'])
  checkText('a: 1\n---\nb: 2', ['line 2, column 1: a second document begins here'])
  checkText('? [1, 2]\n: 3', ['string'])
  checkText(`a: ${'['.repeat(20_000)}`, ["can't be read as YAML: it is nested too deeply"])
  checkText('x'.repeat(1024 * 1024 + 1), ['must have at most 1048576 characters'])
  checkText('a: !!js/function x', ['Unresolved tag'])
  checkText(whole.replaceAll('\n', '\r\n').replace('desired: 3', 'desired: no'), [
    'line 10, column 14',
  ])
  checkText(`\uFEFF${whole}`, [])
})

test('a long text with thousands of faults is answered with the first hundred', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `key${index}: 1`).join('\n')
  const messages = faultsOf(keys)
  assert.equal(messages.length, 101)
  assert.match(messages[100], /^and 1990\d more faults$/)
})

test('any part of a schema replaced by anything is read or refused, and never crashes', () => {
  const anything = fc.oneof(
    fc.json({ maxDepth: 2 }),
    fc.constantFrom(
      '',
      '~',
      '{}',
      '[]',
      '""',
      '-1',
      '1e400',
      '*x',
      '!!str',
      '{a: {b: 1}}',
      '|',
      '? :',
    ),
  )
  const lines = whole.split('\n')
  fc.assert(
    fc.property(fc.nat(lines.length - 1), anything, (index, value) => {
      const changed = lines
        .with(
          index,
          lines[index].replace(/: .*|:$|- .*/, (match) => `${match[0]} ${value}`),
        )
        .join('\n')
      for (const message of faultsOf(changed)) assert.match(message, /^line \d+, column \d+: /)
    }),
    { numRuns: 600 },
  )
})

test('all worker groups together ask for no more workers than there may be', () => {
  const text = whole.replace(
    'desired: 3\n',
    'desired: 3\n  More:\n    type: "sim.c5.24xlarge"\n    desired: 2\n',
  )
  const limits = (workersMax: number) => ({ limits: { ...HEDDLE_LIMITS, workersMax } })
  assert.ok('schema' in parseSchema(text, limits(5)))
  const refused = parseSchema(text, limits(4))
  assert.match(
    JSON.stringify(refused),
    /workers: must ask for at most 4 workers together; it asks for 5/,
  )
})

test('a domain may say how many seconds its apps may take for a tick', () => {
  const timeoutOf = (seconds: string) =>
    schemaOf(
      whole.replace(/( +)launch_command/, `$1app_timeout_seconds: ${seconds}\n$1launch_command`),
    ).domains[0].appTimeoutMs
  assert.equal(timeoutOf('0.25'), 250)
  assert.equal(timeoutOf('0'), 0)
  assert.equal(timeoutOf('86400'), 86_400_000)
  assert.equal(schemaOf(whole).domains[0].appTimeoutMs, undefined)
  for (const [text, fault] of [
    ['-1', 'must be a number of seconds from 0 (to wait for ever) to 86400, not -1'],
    ['86401', 'must be a number of seconds'],
    ['.nan', 'must be a number of seconds'],
    ['"soon"', 'app_timeout_seconds: must be a number'],
  ]) {
    check([/( +)launch_command/, `$1app_timeout_seconds: ${text}\n$1launch_command`], [fault])
  }
})
