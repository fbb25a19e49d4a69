// Messages between partitions: written at the end of a tick grouped by target, read by the target
// in the next one. Owns their place in memory and their order.
#pragma once

#include <vector>

#include "fabric.hpp"

namespace heddle {

struct OutgoingMessage {
  uint32_t target;
  std::vector<uint8_t> payload;
};

struct IncomingMessage {
  /** The partition that sent it. */
  uint32_t source;
  std::vector<uint8_t> payload;
};

/** By target, each target's in the order they were sent. Their memory is claimed already. */
void writeMessages(PartitionMemory& memory, uint32_t sideNumber,
                   const std::vector<OutgoingMessage>& outgoing);

/** All messages that were sent to a partition in `tick`, by source and then in order of sending. */
std::vector<IncomingMessage> readMessages(Fabric& fabric, uint32_t target, double tick);

}  // namespace heddle
