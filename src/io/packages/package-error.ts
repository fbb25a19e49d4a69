// Why a package can't be used.
// Owns the class; the reasons are given where they are found.

/** `message` names the package, and the bucket and key or the entry and what is wrong with it. */
export class PackageError extends Error {
  readonly errorType: 'PackageNotFound' | 'PackageInvalid' | 'CapacityExceeded'
  constructor(errorType: PackageError['errorType'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PackageError'
    this.errorType = errorType
  }
}
