// An app that creates its application a second time, prints the result, and goes on with the first.

import { createApplication } from '@heddle/sdk'

const application = createApplication()
try {
  createApplication()
  console.log('a second application')
} catch (error) {
  console.log(String(error))
}
for (const { tick, owned } of application.updates()) if (tick === 1) owned.create(512, 5)
