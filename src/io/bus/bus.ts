// The interface of a bus: one side answers requests and publishes events, the others ask and listen.
// Owns the shapes and the failures; never knows what a command means.

export type BusFault =
  /** Nobody serves at that address. */
  | 'Unreachable'
  /** Somebody serves there already. */
  | 'InUse'
  /** The connection ended before the answer came. */
  | 'Closed'
  /** The answer did not come in time. */
  | 'Timeout'
  /** A message is larger than MESSAGE_BYTES_MAX. */
  | 'TooLarge'
  /** The other side could not make an answer; the message is its own. */
  | 'Failed'

export class BusError extends Error {
  readonly fault: BusFault
  constructor(fault: BusFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BusError'
    this.fault = fault
  }
}

/** Largest message, as JSON in UTF-8, without its line end. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

export interface BusHandlers<Command, Answer> {
  /** Called at once for every request, also while others are under way. Throwing answers the asker with BusError `Failed`. */
  onRequest(command: Command): Answer | Promise<Answer>
}

export interface BusServer<Event> {
  /** Sends to all who are connected now; a listener that does not read is cut off rather than waited for. */
  publish(event: Event): void
  /** Ends all connections, and frees the address. */
  close(): Promise<void>
}

export interface BusClient<Command, Answer, Event> {
  /** Throws BusError `Closed`, `Timeout`, `TooLarge` or `Failed`. */
  request(command: Command, timeoutMs: number): Promise<Answer>
  /** Events arrive in the order they were published, and in order with answers. One listener; set it right after connecting. */
  onEvent(listener: (event: Event) => void): void
  /** Called once, when the connection has ended for whatever reason; at once if it has ended already. */
  onClose(listener: () => void): void
  close(): Promise<void>
}

/** What every bus is. Messages are plain JSON data. */
export interface Bus {
  /** Throws BusError `InUse` where somebody serves already. */
  serve<Command, Answer, Event>(
    path: string,
    handlers: BusHandlers<Command, Answer>,
  ): Promise<BusServer<Event>>
  /** Throws BusError `Unreachable`. */
  connect<Command, Answer, Event>(path: string): Promise<BusClient<Command, Answer, Event>>
}
