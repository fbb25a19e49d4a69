// Frames of a running view app, over TCP or WebSocket, for clients of the crowd.
// Owns the connection; gives a slow reader the newest frame, and drops those in between.

import { connect } from 'node:net'
import { decodeFrame, type Frame, FrameSplitter } from './view/frame.ts'

interface FramesOptions {
  host: string
  port: number
  transport: 'tcp' | 'websocket'
  signal?: AbortSignal
}

/** Ends when the view app ends. Throws if the connection fails. */
export async function* frames(options: FramesOptions): AsyncGenerator<Frame> {
  const inbox = new Inbox()
  const close =
    options.transport === 'tcp' ? openTcp(options, inbox) : openWebSocket(options, inbox)
  const abort = () => inbox.end(options.signal?.reason)
  options.signal?.addEventListener('abort', abort)
  try {
    for (;;) {
      const bytes = await inbox.take()
      if (!bytes) return
      yield decodeFrame(bytes)
    }
  } finally {
    options.signal?.removeEventListener('abort', abort)
    close()
  }
}

function openTcp({ host, port }: FramesOptions, inbox: Inbox): () => void {
  const splitter = new FrameSplitter()
  const socket = connect(port, host)
  socket.on('data', (chunk) => {
    try {
      for (const frame of splitter.push(chunk)) inbox.put(frame)
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
  socket.on('error', (error) => inbox.end(error))
  socket.on('close', () => inbox.end())
  return () => socket.destroy()
}

function openWebSocket({ host, port }: FramesOptions, inbox: Inbox): () => void {
  const socket = new WebSocket(`ws://${host.includes(':') ? `[${host}]` : host}:${port}`)
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('message', ({ data }) => inbox.put(new Uint8Array(data as ArrayBuffer)))
  socket.addEventListener('error', () =>
    inbox.end(new Error(`no WebSocket connection to ${host}, port ${port}`)),
  )
  socket.addEventListener('close', () => inbox.end())
  return () => socket.close()
}

/** Holds the newest frame only. */
class Inbox {
  #newest: Uint8Array | undefined
  #ended = false
  #error: unknown
  #wake: (() => void) | undefined

  put(frame: Uint8Array): void {
    this.#newest = frame
    this.#wake?.()
  }

  end(error?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  /** Returns undefined once no more frames arrive. */
  async take(): Promise<Uint8Array | undefined> {
    while (!this.#newest && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#error) throw this.#error
    const frame = this.#newest
    this.#newest = undefined
    return frame
  }
}
