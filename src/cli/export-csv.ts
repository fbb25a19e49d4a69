// Entities as CSV: a line of names, then a line for each entity.
// Owns the text: numbers in full (a float's exact value), fields in hex, nothing where there is no value.

import { open } from 'node:fs/promises'
import { BASE_COLUMNS, fieldColumnName, fieldTypeColumnName } from '../core/snapshot/columns.ts'
import type { PartitionState } from '../core/snapshot/partition-state.ts'
import type { RowWriter } from './row-writer.ts'

const PIECE_CHARACTERS = 1024 ** 2

export async function openCsv(file: string, fields: readonly number[]): Promise<RowWriter> {
  const handle = await open(file, 'wx')
  const names = fields.flatMap((index) => [fieldColumnName(index), fieldTypeColumnName(index)])
  let text = `${['domain', 'app', ...BASE_COLUMNS, ...names].join()}\n`

  async function write(): Promise<void> {
    await handle.writeFile(text)
    text = ''
  }

  return {
    async add(state) {
      const columns = fields.map((index) => state.fields.find((field) => field.index === index))
      for (let row = 0; row < state.count; row++) {
        text += `${state.domain},${state.name},${state.ids[row]},${state.types[row]},${positionText(state, row)}`
        for (const column of columns) {
          const length = column?.lengths[row] ?? -1
          if (column === undefined || length < 0) {
            text += ',,'
            continue
          }
          const { data, stride, typeIds } = column
          const hex = Buffer.from(data.buffer, data.byteOffset + row * stride, length).toString('hex')
          text += `,${hex},${typeIds[row]}`
        }
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

/** A minus before a zero is part of the state. */
function positionText({ positions }: PartitionState, row: number): string {
  return [0, 1, 2]
    .map((axis) => positions[row * 3 + axis]!)
    .map((value) => (Object.is(value, -0) ? '-0' : String(value)))
    .join()
}
