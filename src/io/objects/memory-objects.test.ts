import { MemoryObjects } from './memory-objects.ts'
import { describeObjects } from './testing/objects-contract.ts'

describeObjects('MemoryObjects', async () => {
  const objects = new MemoryObjects()
  await objects.createBucket('worlds')
  return { objects, bucket: 'worlds', leftovers: async () => 0, close: () => objects.close() }
})
