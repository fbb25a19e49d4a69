// An app that does nothing in any tick.

import { createApplication } from '@heddle/sdk'

for (const _ of createApplication().updates());
