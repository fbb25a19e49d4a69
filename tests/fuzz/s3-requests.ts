// The fuzzer's requests to the object store.
// Owns what they ask for; never sends anything.

import { percentEncoded } from '../clients/raw-client.ts'
import { Random } from '../simulator/random.ts'
import { type PlainRequest, signatureHeaders } from './signer.ts'
import { BUCKET, mutatedText, oddText } from './values.ts'
import {
  type FuzzRequest,
  headerValue,
  type Target,
  wellFormed,
  whole,
  wirePath,
} from './wire-request.ts'

const methods = ['GET', 'GET', 'GET', 'HEAD', 'PUT', 'PUT', 'DELETE', 'POST', 'OPTIONS', 'PATCH']
const queryKeys = [
  'list-type=2', 'delete', 'uploads', 'location', 'tagging', 'acl', 'versions', 'policy',
  'uploadId=x', 'uploadId=', 'partNumber=1', 'partNumber=0',
  'max-keys=0', 'max-keys=5', 'max-keys=-1', 'max-keys=9999999999', 'prefix=a', 'delimiter=/',
  'encoding-type=url', 'encoding-type=x', 'marker=%00',
  'continuation-token=YQ', 'continuation-token=!', 'start-after=b', 'versionId=null',
  'versionId=1', 'response-content-type=text/plain',
  'response-expires=%0A', 'response-cache-control=%C3%A9', 'max-parts=1', 'part-number-marker=x',
  'key-marker=a', 'upload-id-marker=b', 'x-id=GetObject',
] // biome-ignore format: a list to look things up in
const headerNames = [
  'x-amz-copy-source', 'x-amz-copy-source-range', 'x-amz-metadata-directive', 'x-amz-meta-a',
  'x-amz-meta-', 'x-amz-checksum-crc32', 'x-amz-checksum-x',
  'x-amz-trailer', 'content-md5', 'if-match', 'if-none-match', 'if-modified-since', 'range',
  'content-type', 'content-encoding', 'cache-control',
  'expires', 'x-amz-decoded-content-length', 'x-amz-storage-class', 'x-amz-acl', 'x-amz-tagging',
  'x-amz-security-token', 'x-amz-content-sha256',
] // biome-ignore format: a list to look things up in
const headerValues = [
  `${BUCKET}/a`, `/${BUCKET}/%zz`, '/', 'bytes=0-1', 'bytes=5-', 'bytes=-3', 'bytes=9-1',
  'bytes=0-99999999999999999999', 'bytes=0-0,2-3', '*', '"x"',
  'REPLACE', 'COPY', 'AAAAAA==', 'x-amz-checksum-crc32', 'aws-chunked',
  'Thu, 01 Jan 1970 00:00:00 GMT', 'yesterday', '-1', '1e9', 'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-X',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
] // biome-ignore format: a list to look things up in
const bodies = [
  '', 'content', '7\r\ncontent\r\n0\r\n\r\n',
  '7;chunk-signature=0\r\ncontent\r\n0;chunk-signature=0\r\n\r\n', 'ffffffffffff\r\n', '-1\r\n',
  '<', '<a/>', '<!DOCTYPE a>',
  '<Delete><Object><Key>a</Key></Object></Delete>',
  '<Delete><Object><Key>&#0;</Key></Object></Delete>', '<Delete><Object/></Delete>',
  '<Delete>text</Delete>',
  '<Delete><Object><Key>../x</Key></Object><Object>t</Object></Delete>',
  '<Delete><Quiet>true</Quiet></Delete>', '<Delete><constructor/></Delete>',
  '<Delete><__proto__><Key>a</Key></__proto__></Delete>',
  `<Delete>${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</Delete>`, '<a>'.repeat(20_000),
  '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>' +
    '</CompleteMultipartUpload>',
  '<CompleteMultipartUpload/>',
  '<CompleteMultipartUpload><Part><PartNumber>1e1</PartNumber><ETag/></Part>' +
    '</CompleteMultipartUpload>',
  '<?xml version="1.0"?><Delete/>',
  '<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint>' +
    '</CreateBucketConfiguration>',
  '<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint>' +
    '</CreateBucketConfiguration>',
  'x'.repeat(100_000),
] // biome-ignore format: a list to look things up in
/** Bounds the numbers of keys and buckets, however long the fuzzer runs. */
const NAMES_MAX = 400

export function s3Request(random: Random, target: Target): FuzzRequest {
  const request = plainRequest(random, target)
  const signing = {
    credentials: target.credentials,
    service: 's3',
    region: 'us-west-2',
    date: target.now,
  }
  if (random.chance(0.03)) return whole('unsigned S3', request, [], 'any')
  if (random.chance(0.05)) signing.credentials = { ...target.credentials, secretAccessKey: 'wrong' }
  const headers = signatureHeaders(request, signing)
  if (random.chance(0.05)) {
    const at = random.below(headers.length)
    headers[at] = [headers[at][0], headerValue(mutatedText(headers[at][1], random))]
    return whole('wrongly signed S3', request, headers, 'any')
  }
  return whole('S3', request, headers, 's3')
}

function plainRequest(random: Random, target: Target): PlainRequest {
  const names = new Random(random.below(NAMES_MAX))
  const bucketPart = random.chance(0.7)
    ? BUCKET
    : random.chance(0.7)
      ? `bucket-${random.below(5)}`
      : oddName(names)
  const key = random.chance(0.5) ? random.pick(['a', 'a/b', 'small.yaml', 'b']) : oddName(names)
  const path = random.chance(0.8)
    ? `/${bucketPart}/${key}`
    : random.chance(0.8)
      ? `/${bucketPart}`
      : '/'
  const query: string[] = []
  while (random.chance(0.4)) query.push(random.pick(queryKeys))
  const method = random.pick(methods)
  // An upload that is begun stays for good.
  if (query.includes('uploads') && method === 'POST' && random.chance(0.95)) query.length = 0
  const headers: [string, string][] = [['host', target.host]]
  while (random.chance(0.3)) {
    const name = random.pick(headerNames)
    if (headers.some(([known]) => known === name)) continue
    headers.push([
      name,
      random.chance(0.7) ? random.pick(headerValues) : headerValue(oddText(random)),
    ])
  }
  const hasBody = method === 'PUT' || method === 'POST' || random.chance(0.05)
  return {
    method,
    path: path.slice(0, 8000),
    query: query.map(fullPair).join('&'),
    headers,
    body: hasBody ? Buffer.from(random.pick(bodies)) : Buffer.alloc(0),
  }
}

function oddName(random: Random): string {
  return random.chance(0.7) ? wellFormed(oddText(random)) : wirePath(oddText(random), random)
}

/** Signatures need an equals sign in every pair. */
function fullPair(pair: string): string {
  const [name = '', value = ''] = pair.split('=')
  return `${name}=${percentEncoded(decodeURIComponent(value))}`
}
