import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseAccessFile } from './access-file.ts'
import { AccessFolder } from './access-folder.ts'

const SECRET = 'a-secret-that-nobody-sees'

function folderWith(context: TestContext, files: Record<string, string>) {
  const path = mkdtempSync(join(tmpdir(), 'heddle-access-folder-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
  const folder = new AccessFolder(path, () => undefined)
  return { path, folder }
}

const key = (id: string) => `keys: [{ accessKeyId: ${id}, secretAccessKey: ${SECRET} }]\n`

test('users are found by key in files of either form, and other files are ignored', (context) => {
  const json = JSON.stringify({
    keys: [{ accessKeyId: 'B', secretAccessKey: SECRET }],
    policies: [],
  })
  const { folder } = folderWith(context, {
    'ann.yaml': key('A'),
    'bob.json': json,
    'notes.txt': 'x',
    '.hidden.yaml': '[',
  })
  assert.deepEqual(
    folder.allUsers().map(({ name }) => name),
    ['ann', 'bob'],
  )
  assert.equal(folder.ownerOfKey('A')?.user.name, 'ann')
  assert.equal(folder.ownerOfKey('B')?.secretAccessKey, SECRET)
  assert.equal(folder.ownerOfKey('C'), undefined)
  assert.deepEqual(folder.faults(), [])
})

test('a key of two users, and a user in two files, count once and are named', (context) => {
  const { folder } = folderWith(context, {
    'ann.json': '{}',
    'ann.yaml': key('A'),
    'bob.yaml': key('B'),
    'cid.yaml': key('B'),
  })
  assert.equal(folder.ownerOfKey('A'), undefined)
  assert.equal(folder.ownerOfKey('B')?.user.name, 'bob')
  assert.deepEqual(
    folder.faults().map(({ file, reason }) => `${file}: ${reason}`),
    [
      'ann.yaml: the user ann is in ann.json already',
      'cid.yaml: the access key B is in bob.yaml already',
    ],
  )
})

test('a new file is seen at once, and without its folder nobody is a user', (context) => {
  const { path, folder } = folderWith(context, {})
  assert.equal(folder.user('ann'), undefined)
  writeFileSync(join(path, 'ann.yaml'), key('A'))
  assert.equal(folder.ownerOfKey('A')?.user.name, 'ann')
  rmSync(path, { recursive: true })
  assert.equal(folder.ownerOfKey('another'), undefined)
  assert.deepEqual(folder.allUsers(), [])
})

test('a fault has its line and never a line of the file', () => {
  const policies = 'policies:\n  - Version: 2012-10-17\n    Statement:\n'
  const cases: [string, number, RegExp][] = [
    [
      `${key('A')}${policies}      - Effect: Allow\n        Action: s3:*\n` +
        '        Resource: bucket\n',
      7,
      /no resource/,
    ],
    [
      `${policies}      - Effect: Deny\n        Action:\n          - s3:*\n` +
        "          - s3:Delet\n        Resource: '*'\n",
      7,
      /s3:Delet'/,
    ],
    [
      `${policies}      - Effect: Deny\n        Action: s3:*\n        Resource: '*'\n` +
        '        Condition:\n          StringEquals:\n            aws:SourceVcp:\n        ' +
        '      - x\n',
      9,
      /"aws:SourceVpc"/,
    ],
    [`${policies}      - Effect: Deny\n        Actions:\n          - s3:*\n`, 5, /no place here/],
    [
      `keys:\n  - accessKeyId: A\n    secretAccessKey: ${SECRET}\n  broken: [\n`,
      4,
      /not well-formed/,
    ],
    [`keys:\n  - accessKeyId: A\n    secret: ${SECRET}\n`, 3, /no such member/],
    [`keys:\n  - accessKeyId: A\n    secretAccessKey: short\n`, 3, /8 to 256/],
    ['policies: 7\n', 1, /must be a list/],
    ['just text', 1, /must hold keys and policies/],
    [`a: &a [x, x]\nb: &b [*a, *a]\n${bombOf(30)}`, 1, /unfolds without end/],
  ]
  for (const [text, line, reason] of cases) {
    const parsed = parseAccessFile('ann', 'ann.yaml', text)
    assert.ok('fault' in parsed, text)
    assert.equal(parsed.fault.line, line, text)
    assert.match(parsed.fault.reason, reason)
    assert.ok(!JSON.stringify(parsed.fault).includes(SECRET))
  }
})

function bombOf(depth: number): string {
  const name = (index: number) => (index < 0 ? 'b' : `c${index}`)
  return Array.from(
    { length: depth },
    (_, index) => `c${index}: &c${index} [*${name(index - 1)}, *${name(index - 1)}]\n`,
  ).join('')
}
