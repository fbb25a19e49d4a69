// S3's rules for checksums of objects: which one an upload in parts gets, how sums of parts become
// an object's, how answers state them. Owns the rules of full and composite checksums; the
// arithmetic is in checksums.ts.

import type { IncomingHttpHeaders } from 'node:http'
import type { PartInfo, UploadInfo } from '../../io/objects/folder-uploads.ts'
import type {
  Checksums,
  ChecksumType,
  ContentSum,
  StoredObject,
} from '../../io/objects/object-file.ts'
import { startChecksum } from './checksums.ts'
import { S3Error } from './s3-errors.ts'
import { checksumNames, type VerifiedBody } from './verified-body.ts'

/**
 * Types of each algorithm: FULL_OBJECT if the sums of parts can be combined into one over the whole
 * content, COMPOSITE if a sum over the parts' sums is allowed.
 */
const typesOf: Readonly<Record<string, readonly ChecksumType[]>> = {
  crc32: ['COMPOSITE', 'FULL_OBJECT'],
  crc32c: ['COMPOSITE', 'FULL_OBJECT'],
  crc64nvme: ['FULL_OBJECT'],
  md5: ['COMPOSITE'],
  sha1: ['COMPOSITE'],
  sha256: ['COMPOSITE'],
  sha512: ['COMPOSITE'],
}

/**
 * The algorithm that a copy, or the start of an upload, asks for. Throws S3Error InvalidRequest.
 */
export function algorithmIn(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['x-amz-checksum-algorithm']
  if (value === undefined) return undefined
  const algorithm = String(value).toLowerCase()
  if (!Object.hasOwn(typesOf, algorithm)) {
    throw new S3Error('InvalidRequest', `The checksum algorithm '${value}' is not known here.`)
  }
  return algorithm
}

/** The checksum of an upload's parts and object. Throws S3Error InvalidRequest. */
export function uploadChecksumOf(headers: IncomingHttpHeaders): UploadInfo['checksum'] {
  const algorithm = algorithmIn(headers)
  const asked = headers['x-amz-checksum-type']
  if (algorithm === undefined) {
    if (asked === undefined) return undefined
    throw new S3Error('InvalidRequest', 'x-amz-checksum-type needs x-amz-checksum-algorithm.')
  }
  const type = typesOf[algorithm]!.find((one) => asked === undefined || one === asked)
  if (type === undefined) {
    throw new S3Error(
      'InvalidRequest',
      `A checksum ${algorithm} of an upload in parts can't be of the type '${asked}'.`,
    )
  }
  return { algorithm, type }
}

/** The verified checksums that came with a body. */
export function sumOfBody(body: VerifiedBody): ContentSum {
  return { end: () => toldOf(body.checksums, 'FULL_OBJECT') }
}

/** Asks the store to compute the sum. */
export function sumWith(algorithm: string): ContentSum {
  const sum = startChecksum(algorithm)!
  return {
    update: (bytes) => sum.update(bytes),
    end: () => toldOf({ [algorithm]: sum.digest().toString('base64') }, 'FULL_OBJECT'),
  }
}

/**
 * The sum of a part: the one sent with it, or else the one that its upload asked for. Throws
 * S3Error InvalidRequest.
 */
export function sumOfPart(
  upload: UploadInfo,
  headers: IncomingHttpHeaders,
  body: VerifiedBody,
): ContentSum {
  const wanted = upload.checksum?.algorithm
  const names = [...checksumNames(headers), headers['x-amz-trailer'] ?? '']
  const sent = names.map((name) =>
    /^x-amz-checksum-(\w+)$/i.exec(String(name).trim())?.[1]?.toLowerCase(),
  )
  const given = sent.find((algorithm) => algorithm !== undefined)
  if (wanted === undefined || given === wanted) return sumOfBody(body)
  if (given === undefined) return sumWith(wanted)
  throw new S3Error(
    'InvalidRequest',
    `The upload is one with checksums ${wanted}, and the part has a ${given}.`,
  )
}

/** What a client states about the object that it completes. */
interface Completion {
  headers: IncomingHttpHeaders
  /** What the client states about each part, in order. */
  partChecksums: readonly Checksums[]
}

/** Throws S3Error if the client's statements do not fit the parts. */
export function sumOfUpload(
  upload: UploadInfo,
  parts: readonly PartInfo[],
  { headers, partChecksums }: Completion,
): ContentSum | undefined {
  checkSize(headers['x-amz-mp-object-size'], parts)
  for (const [index, { partNumber, checksums }] of parts.entries()) {
    const wrong = Object.entries(partChecksums[index]!).find(
      ([algorithm, value]) => checksums[algorithm] !== value,
    )
    if (wrong !== undefined) {
      throw new S3Error(
        'InvalidPart',
        `Part ${partNumber} has not the checksum ${wrong[0]} that the request says.`,
      )
    }
  }
  const { algorithm, type, expected } = statedSum(upload, headers)
  if (algorithm === undefined) return undefined
  if (type === 'FULL_OBJECT') return checked(sumWith(algorithm), algorithm, expected)
  const composite = compositeOf(algorithm, parts)
  const isRight =
    expected === undefined || expected === composite || expected === composite?.replace(/-\d+$/, '')
  if (composite === undefined || !isRight) throw badDigest(algorithm)
  return { end: () => toldOf({ [algorithm]: composite }, 'COMPOSITE') }
}

function statedSum(upload: UploadInfo, headers: IncomingHttpHeaders) {
  const names = checksumNames(headers)
  if (names.length > 1)
    throw new S3Error('InvalidRequest', `An object has one checksum, not ${names.join(' and ')}.`)
  const [name] = names
  const given = name?.slice('x-amz-checksum-'.length)
  const expected = name === undefined ? undefined : String(headers[name])
  const { algorithm = given, type: agreed } = upload.checksum ?? {}
  if (algorithm !== undefined && !Object.hasOwn(typesOf, algorithm)) {
    throw new S3Error('InvalidRequest', `The checksum ${name} is not known here.`)
  }
  if (given !== undefined && given !== algorithm) {
    throw new S3Error(
      'InvalidRequest',
      `The upload is one with checksums ${algorithm}, and the request has a ${given}.`,
    )
  }
  const asked = headers['x-amz-checksum-type'] as ChecksumType | undefined
  const type = agreed ?? asked ?? (/-\d+$/.test(expected ?? '') ? 'COMPOSITE' : 'FULL_OBJECT')
  if (asked !== undefined && asked !== type) {
    throw new S3Error(
      'InvalidRequest',
      `The upload has checksums of the type ${type}, not '${asked}'.`,
    )
  }
  return { algorithm, type, expected }
}

function checkSize(stated: string | string[] | undefined, parts: readonly PartInfo[]): void {
  if (stated === undefined) return
  if (!/^\d{1,15}$/.test(String(stated))) {
    throw new S3Error('InvalidArgument', 'x-amz-mp-object-size must be a whole number of bytes.')
  }
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  if (bytes !== Number(stated)) {
    throw new S3Error(
      'InvalidRequest',
      `The parts have ${bytes} bytes, not ${stated} as x-amz-mp-object-size says.`,
    )
  }
}

/** Undefined if a part has no such sum. */
function compositeOf(algorithm: string, parts: readonly PartInfo[]): string | undefined {
  const sum = startChecksum(algorithm)!
  for (const { checksums } of parts) {
    const own = checksums[algorithm]
    if (own === undefined) return undefined
    sum.update(Buffer.from(own, 'base64'))
  }
  return `${sum.digest().toString('base64')}-${parts.length}`
}

function checked(sum: ContentSum, algorithm: string, expected: string | undefined): ContentSum {
  return {
    ...sum,
    end() {
      const ended = sum.end()
      if (expected !== undefined && ended.checksums?.[algorithm] !== expected)
        throw badDigest(algorithm)
      return ended
    },
  }
}

function badDigest(algorithm: string): S3Error {
  return new S3Error(
    'BadDigest',
    `The object does not have the checksum that x-amz-checksum-${algorithm} states.`,
  )
}

function toldOf(
  checksums: Checksums,
  checksumType: ChecksumType,
): Pick<StoredObject, 'checksums' | 'checksumType'> {
  return Object.keys(checksums).length === 0 ? {} : { checksums, checksumType }
}

/** For an answer's headers. */
export function checksumHeaders({
  checksums = {},
  checksumType,
}: Partial<StoredObject>): Record<string, string> {
  const headers = Object.entries(checksums).map(([algorithm, value]) => [
    `x-amz-checksum-${algorithm}`,
    value,
  ])
  return Object.fromEntries(
    checksumType === undefined ? headers : [...headers, ['x-amz-checksum-type', checksumType]],
  )
}

/** For an answer's XML. */
export function checksumElements(checksums: Checksums = {}, checksumType?: ChecksumType) {
  const elements = Object.entries(checksums).map(([algorithm, value]) => [
    elementOf(algorithm),
    value,
  ])
  return { ...Object.fromEntries(elements), ChecksumType: checksumType }
}

/** The algorithms by the names of their elements. */
export const checksumElementNames: ReadonlyMap<string, string> = new Map(
  Object.keys(typesOf).map((algorithm) => [elementOf(algorithm), algorithm]),
)

function elementOf(algorithm: string): string {
  return `Checksum${algorithm.toUpperCase()}`
}
