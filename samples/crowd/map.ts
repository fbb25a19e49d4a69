// Draws a crowd as text: its density, and the people in each cell.
// Owns only the drawing.

import type { Frame } from './view/frame.ts'

const SHADES = ' .:-=+*#%@'

/** Returns the lines of a map, y upwards; darker means more people. */
export function drawMap(frame: Frame, width: number, height: number): string[] {
  const counts = new Uint32Array(width * height)
  for (let person = 0; person < frame.ids.length; person++) {
    const column = Math.floor((frame.places[person * 2] / 65536) * width)
    const row = Math.floor((frame.places[person * 2 + 1] / 65536) * height)
    counts[row * width + column]++
  }
  const most = counts.reduce((one, other) => Math.max(one, other), 1)
  const lines: string[] = []
  for (let row = height - 1; row >= 0; row--) {
    let line = ''
    for (let column = 0; column < width; column++)
      line += SHADES[Math.ceil((counts[row * width + column] / most) * (SHADES.length - 1))]
    lines.push(line)
  }
  return lines
}

/** Returns the people in each cell: one line a row of the grid, y upwards. */
export function drawCells(frame: Frame): string[] {
  const lines: string[] = []
  for (let row = frame.rows - 1; row >= 0; row--) {
    const cells = frame.cells.subarray(row * frame.columns, (row + 1) * frame.columns)
    lines.push([...cells].map((people) => String(people).padStart(6)).join(''))
  }
  return lines
}

/** Changes between two frames, per second of real time. */
export class Rates {
  #first: { frame: Frame; atMs: number } | undefined
  ticks = 0
  handoffs = 0

  /** Compares frames over `windowMs`, then begins again. */
  add(frame: Frame, nowMs: number, windowMs = 1000): void {
    this.#first ??= { frame, atMs: nowMs }
    const seconds = (nowMs - this.#first.atMs) / 1000
    if (seconds * 1000 < windowMs) return
    this.ticks = (frame.tick - this.#first.frame.tick) / seconds
    this.handoffs = (frame.handoffs - this.#first.frame.handoffs) / seconds
    this.#first = { frame, atMs: nowMs }
  }
}
