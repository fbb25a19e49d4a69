// A spatial app that keeps every entity handed to it, and answers every message with its own name.

import { createApplication } from '@heddle/sdk'

const application = createApplication()
const [{ appName }] = application.assignedPartitions()
for (const transaction of application.updates()) {
  for (const { sender, payload } of transaction.receiveMessages())
    transaction.sendMessage(
      sender,
      new TextEncoder().encode(`${appName} heard ${new TextDecoder().decode(payload)}`),
    )
}
