// Entities as CSV: a line of names, then a line for each entity. Owns the text: numbers in full (a
// float's exact value), lists in brackets, bytes in hex, empty cells for missing values.

import { open } from 'node:fs/promises'
import type { PartitionState } from '../core/entities/partition-state.ts'
import { BASE_COLUMNS } from '../core/snapshot/columns.ts'
import { type ExportField, exportColumns, exportReaders, type Value } from './export-columns.ts'
import type { RowWriter } from './row-writer.ts'

const PIECE_CHARACTERS = 1024 ** 2

export async function openCsv(file: string, fields: readonly ExportField[]): Promise<RowWriter> {
  const handle = await open(file, 'wx')
  const names = [...BASE_COLUMNS, ...exportColumns(fields)].map(({ name }) => quoted(name))
  let text = `${['domain', 'app', ...names].join()}\n`

  async function write(): Promise<void> {
    await handle.writeFile(text)
    text = ''
  }

  return {
    async add(state) {
      const readers = exportReaders(fields, state)
      for (let row = 0; row < state.count; row++) {
        const place = `${state.domain},${state.name}`
        text += `${place},${state.ids[row]},${state.types[row]},${positionText(state, row)}`
        for (const read of readers) text += `,${valueText(read(row))}`
        text += '\n'
        if (text.length > PIECE_CHARACTERS) await write()
      }
    },
    async finish() {
      await write()
      await handle.close()
    },
    abandon: () => handle.close(),
  }
}

function valueText(value: Value): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return numberText(value)
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')
  return `"[${value.map(numberText).join()}]"`
}

function positionText({ positions }: PartitionState, row: number): string {
  return [0, 1, 2].map((axis) => numberText(positions[row * 3 + axis]!)).join()
}

/** The sign of a zero is part of the state. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Apps may choose any name for a member. */
function quoted(name: string): string {
  return /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}
