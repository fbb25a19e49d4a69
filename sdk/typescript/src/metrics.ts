// Counts what an app does, as AppRuntimeMetrics of the original SDK did.

/** Gauges: totalCommittedTicks, activeEntity. The rest counts since the last reset. */
export interface RuntimeMetrics {
  totalCommittedTicks: number
  activeEntity: number
  ticksSinceReset: number
  loadField: number
  storeField: number
  createdEntity: number
  deletedEntity: number
  enteredEntity: number
  exitedEntity: number
  rejectedIncomingTransfer: number
  rejectedOutgoingTransfer: number
}

export function emptyMetrics(): RuntimeMetrics {
  return {
    totalCommittedTicks: 0,
    activeEntity: 0,
    ticksSinceReset: 0,
    loadField: 0,
    storeField: 0,
    createdEntity: 0,
    deletedEntity: 0,
    enteredEntity: 0,
    exitedEntity: 0,
    rejectedIncomingTransfer: 0,
    rejectedOutgoingTransfer: 0,
  }
}
