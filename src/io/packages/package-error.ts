// The reasons why a package can't be used.
// Owns the class; the code that finds a fault gives the reason.

/** `message` names the package, the bucket and key or the entry, and the fault. */
export class PackageError extends Error {
  readonly errorType: 'PackageNotFound' | 'PackageInvalid' | 'CapacityExceeded'
  constructor(errorType: PackageError['errorType'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PackageError'
    this.errorType = errorType
  }
}
