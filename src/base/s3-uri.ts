// The usual text for the place of an object: s3://bucket/key.
// Owns the form only; never knows whether the bucket exists.

export interface S3Place {
  bucket: string
  /** Empty if the text names the bucket alone. */
  key: string
}

export function s3Uri({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key}`
}

/** Returns undefined if the text is no such place. */
export function parseS3Uri(text: string): S3Place | undefined {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text)
  return match ? { bucket: match[1], key: match[2] ?? '' } : undefined
}
