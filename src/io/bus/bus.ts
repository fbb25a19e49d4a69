// The interface of a bus: a server answers requests and publishes events; clients ask and listen.
// Owns the shapes and the failures; never knows what a command means.

type BusFault =
  /** No process serves at that address. */
  | 'Unreachable'
  /** Another process serves there already. */
  | 'InUse'
  /** The connection ended before the answer came. */
  | 'Closed'
  /** The answer did not come in time. */
  | 'Timeout'
  /** A message is larger than MESSAGE_BYTES_MAX. */
  | 'TooLarge'
  /** The server could not make an answer; the message is the server's. */
  | 'Failed'

export class BusError extends Error {
  readonly fault: BusFault
  constructor(fault: BusFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BusError'
    this.fault = fault
  }
}

/** Size of the largest message, as JSON in UTF-8, without its line end. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

export interface BusHandlers<Command, Answer> {
  /**
   * Called at once for every request, even while others are under way. If it throws, the client
   * gets BusError `Failed`.
   */
  onRequest(command: Command): Answer | Promise<Answer>
}

export interface BusServer<Event> {
  /**
   * Sends to all connected clients. Disconnects a client that does not read rather than wait for
   * it.
   */
  publish(event: Event): void
  /** Ends all connections, and frees the address. */
  close(): Promise<void>
}

export interface BusClient<Command, Answer, Event> {
  /** Throws BusError `Closed`, `Timeout`, `TooLarge` or `Failed`. */
  request(command: Command, timeoutMs: number): Promise<Answer>
  /**
   * Delivers events in the order they were published, and in order with answers. Takes one
   * listener; set it right after connecting.
   */
  onEvent(listener: (event: Event) => void): void
  /** Called once when the connection has ended for any reason; at once if it has ended already. */
  onClose(listener: () => void): void
  close(): Promise<void>
}

/** The contract of every bus. Messages are plain JSON data. */
export interface Bus {
  /** Throws BusError `InUse` if another process serves there already. */
  serve<Command, Answer, Event>(
    path: string,
    handlers: BusHandlers<Command, Answer>,
  ): Promise<BusServer<Event>>
  /** Throws BusError `Unreachable`. */
  connect<Command, Answer, Event>(path: string): Promise<BusClient<Command, Answer, Event>>
}
