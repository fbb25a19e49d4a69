// The way people write the place of an object: s3://bucket/key. Owns the form only; never knows
// whether there is such a bucket.

export interface S3Place {
  bucket: string
  /** Empty where the bucket alone is meant. */
  key: string
}

export function s3Uri({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key}`
}

/** Undefined where the text is no such place. */
export function parseS3Uri(text: string): S3Place | undefined {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text)
  return match ? { bucket: match[1], key: match[2] ?? '' } : undefined
}
