import { baseEnvironment, processLauncher } from './processes.ts'
import { launcherContract } from './testing/launcher-contract.ts'

launcherContract('processes', processLauncher, baseEnvironment())
