// Makes a fresh clone ready to run: the locked npm packages, the pinned Node, what apps load and,
// for tests, Debian's packages. Plain JavaScript for any Node from 16 on, without dependencies.
// Does nothing where all is there already; never touches anything outside the clone but Debian's
// packages, and those only with `--for-tests`.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeAppLibraries } from './app-libraries.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pinnedNode = join(root, 'node_modules', 'node', 'bin', 'node')

/** What tests drive as outside clients and tools. */
const debianPackages = [
  'awscli',
  'clang',
  'cmake',
  'g++',
  'gdb',
  'make',
  'mono-mcs',
  'mono-runtime',
  'openssl',
  'python3-boto3',
  'python3-dev',
  'python3-numpy',
  'python3-pip',
  'python3-prometheus-client',
  'python3-setuptools',
  'python3-wheel',
  'unzip',
  'util-linux',
  'zip',
]

setUp(process.argv.includes('--for-tests'))

function setUp(forTests) {
  if (!locksAgree()) installPackages()
  if (!pinnedNodeRuns()) installPinnedNode()
  if (forTests) installDebianPackages()
  makeAppLibraries(forTests)
}

/**
 * Whether node_modules was installed from this package-lock.json: npm leaves there a lock of what
 * it installed.
 */
function locksAgree() {
  const installedFile = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedFile)) return false
  const installed = readJson(installedFile).packages
  return Object.entries(readJson(join(root, 'package-lock.json')).packages).every(
    ([path, wanted]) => {
      if (!path.includes('node_modules/')) return true // a workspace
      const found = installed[path]
      if (!found) return Boolean(wanted.optional) // a binary for another platform
      return found.version === wanted.version && found.integrity === wanted.integrity
    },
  )
}

function installPackages() {
  console.log('set-up: installing the npm packages of package-lock.json …')
  const code = npm('ci', '--include=dev', '--include=optional', '--loglevel=error')
  if (code !== 0) {
    stop(
      `"npm ci" failed (exit code ${code}); its reason stands above.`,
      'It needs the npm registry: check the network, and the registry and proxy in "npm ' +
        'config list".',
    )
  }
}

function pinnedNodeRuns() {
  const version = readJson(join(root, 'package-lock.json')).packages['node_modules/node'].version
  const { stdout } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' })
  return String(stdout).trim() === `v${version}`
}

/**
 * The package `node` fetches its binary in an install script; npm skips it where scripts are turned
 * off.
 */
function installPinnedNode() {
  console.log('set-up: fetching the pinned Node …')
  const code = npm('rebuild', 'node', '--ignore-scripts=false', '--loglevel=error')
  if (code !== 0 || !pinnedNodeRuns()) {
    stop(
      `the pinned Node does not run: ${pinnedNode}`,
      'Allow its install script and try again: npm rebuild node --ignore-scripts=false',
    )
  }
}

function installDebianPackages() {
  const missing = missingDebianPackages()
  if (missing.length === 0) return
  const asRoot = commandAsRoot()
  if (asRoot && existsSync('/usr/bin/apt-get')) {
    console.log(`set-up: installing Debian packages for the tests: ${missing.join(' ')} …`)
    const aptGet = [
      ...asRoot,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-q',
      '-o',
      'DPkg::Lock::Timeout=300',
    ]
    // An update that fails is no reason to stop: the packages may be there from an older list.
    quietly(...aptGet, 'update')
    quietly(...aptGet, 'install', '--yes', '--no-install-recommends', ...missing)
  }
  const still = missingDebianPackages()
  if (still.length === 0) return
  const command = `apt-get install ${still.join(' ')}`
  if (process.env.CI === 'true') stop(`the tests need Debian packages that are missing: ${command}`)
  console.log(
    `set-up: without these Debian packages the tests that need them are skipped: ${command}`,
  )
}

function missingDebianPackages() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are placeholders of dpkg-query
  const format = '-f=${Package} ${db:Status-Status}\n'
  const { stdout } = spawnSync('dpkg-query', ['-W', format, ...debianPackages], {
    encoding: 'utf8',
  })
  const lines = String(stdout).split('\n')
  return debianPackages.filter((name) => !lines.includes(`${name} installed`))
}

/**
 * The words that make a command run as root without a question, or nothing where that is not
 * allowed.
 */
function commandAsRoot() {
  if (process.getuid() === 0) return []
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined
}

/** Output is shown only where the command fails. */
function quietly(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) process.stderr.write(`${stdout}${stderr}`)
}

/**
 * Runs npm with the machine's own Node: the pinned one, first in npm's PATH, may be replaced
 * meanwhile.
 */
function npm(...args) {
  const folders = (process.env.PATH || '').split(delimiter)
  const PATH = folders.filter((folder) => !folder.includes('node_modules')).join(delimiter)
  const { status, error } = spawnSync('npm', args, {
    cwd: root,
    env: { ...process.env, PATH },
    stdio: 'inherit',
  })
  if (error) stop(`npm could not be run: ${error.message}`)
  return status
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function stop(...lines) {
  for (const line of lines) console.error(`set-up: ${line}`)
  process.exit(1)
}
