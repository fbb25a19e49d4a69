// Writes a tick's messages, and reads those that came.

#include "messages.hpp"

#include <algorithm>
#include <cstring>

namespace heddle {

void writeMessages(PartitionMemory& memory, uint32_t sideNumber,
                   const std::vector<OutgoingMessage>& outgoing) {
  Side& side = memory.sides[sideNumber];
  side.set(HEDDLE_SIDE_AT_MESSAGES, uint32_t(outgoing.size()));
  side.set(HEDDLE_SIDE_AT_MESSAGE_GROUPS, 0);
  if (outgoing.empty()) return;
  const MessagesView view = memory.messages(sideNumber);
  std::vector<const OutgoingMessage*> sorted;
  for (const OutgoingMessage& message : outgoing) sorted.push_back(&message);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* one, const auto* other) { return one->target < other->target; });
  uint32_t groups = 0, heapEnd = 0;
  for (uint32_t place = 0; place < sorted.size(); place++) {
    const OutgoingMessage& message = *sorted[place];
    if (place == 0 || message.target != sorted[place - 1]->target) {
      side.messageTarget[groups] = message.target;
      side.messageStart[groups] = place;
      side.messageCount[groups] = 0;
      groups++;
    }
    side.messageCount[groups - 1]++;
    view.start[place] = heapEnd;
    view.bytes[place] = uint32_t(message.payload.size());
    if (!message.payload.empty())
      std::memcpy(view.heap + heapEnd, message.payload.data(), message.payload.size());
    heapEnd += uint32_t(message.payload.size());
  }
  side.set(HEDDLE_SIDE_AT_MESSAGE_GROUPS, groups);
}

std::vector<IncomingMessage> readMessages(Fabric& fabric, uint32_t target, double tick) {
  std::vector<IncomingMessage> incoming;
  // One that was not there in that tick has none: what was sent to its index was for another.
  if (fabric.partition(target).side(tick).number(HEDDLE_SIDE_AT_TICK) != tick) return incoming;
  fabric.eachPartition([&](uint32_t source) {
    PartitionMemory& memory = fabric.partition(source);
    Side& side = memory.side(tick);
    // Whatever stands there: no partition sends more than this, and no more messages than it says.
    const Sizes& sizes = memory.sizes;
    const uint32_t groups =
        std::min(side.get(HEDDLE_SIDE_AT_MESSAGE_GROUPS), sizes.partitionCapacity);
    uint32_t bytesLeft = sizes.messageHeapBytes;
    uint32_t messagesLeft = side.get(HEDDLE_SIDE_AT_MESSAGES);
    for (uint32_t group = 0; group < groups; group++) {
      if (side.messageTarget[group] != target) continue;
      const MessagesView view = memory.messages(uint64_t(tick) % 2);
      const uint64_t first = side.messageStart[group];
      const uint64_t end = std::min<uint64_t>(
          first + std::min(side.messageCount[group], messagesLeft), sizes.messageLimit);
      for (uint64_t place = first; place < end; place++) {
        const uint32_t from = std::min(view.start[place], sizes.messageHeapBytes);
        const uint32_t length = std::min(
            {view.bytes[place], sizes.messageBytesMax, bytesLeft, sizes.messageHeapBytes - from});
        const uint8_t* start = view.heap + from;
        incoming.push_back({source, std::vector<uint8_t>(start, start + length)});
        bytesLeft -= length;
        messagesLeft--;
      }
    }
  });
  return incoming;
}

}  // namespace heddle
