// IP addresses and ranges in conditions on aws:SourceIp. Owns their syntax; never resolves a name.

export interface IpRange {
  readonly version: 4 | 6
  readonly first: bigint
  /** How many low bits may differ. */
  readonly freeBits: bigint
}

/**
 * Parses an address or a CIDR range; undefined if it is neither. An IPv4-mapped IPv6 address is
 * read as the IPv4 address.
 */
export function parseIpRange(text: string): IpRange | undefined {
  const [address = '', prefix, more] = text.split('/')
  const parsed = parseAddress(address)
  if (parsed === undefined || more !== undefined) return undefined
  const bits = parsed.version === 4 ? 32 : 128
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined
  const fixedBits = prefix === undefined ? bits : Number(prefix)
  if (fixedBits > bits) return undefined
  const freeBits = BigInt(bits - fixedBits)
  return { version: parsed.version, first: (parsed.value >> freeBits) << freeBits, freeBits }
}

export function isInRange(address: IpRange, range: IpRange): boolean {
  if (address.version !== range.version || address.freeBits > range.freeBits) return false
  return address.first >> range.freeBits === range.first >> range.freeBits
}

function parseAddress(text: string): { version: 4 | 6; value: bigint } | undefined {
  const four = parseFour(text)
  if (four !== undefined) return { version: 4, value: four }
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1]
  if (mapped !== undefined) return parseAddress(mapped)
  const six = parseSix(text)
  return six === undefined ? undefined : { version: 6, value: six }
}

function parseFour(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function parseSix(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - left.length - right.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right]
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}
