// An app that does nothing but tick.

import { createApplication } from '@heddle/sdk'

const application = createApplication()
console.log(`idle ${application.assignedPartitions()[0].appName}`)
for (const transaction of application.updates()) if (!transaction.isCommitted) transaction.commit()
