// Opens partitions, and commits.

#include "fabric.hpp"

#include <utility>

#include "../failure.hpp"

namespace heddle {

Fabric::Fabric(Segments& segments, World world, uint32_t own)
    : control(segments), world(std::move(world)), segments_(segments), own_(own) {
  open_.resize(control.sizes().partitionCapacity);
}

PartitionMemory& Fabric::partition(uint32_t index) {
  require(control.partitionInUse(index), "a partition that is not in use");
  std::unique_ptr<PartitionMemory>& open = open_[index];
  if (!open || open->epoch != uint32_t(control.partitionWord(index, HEDDLE_PARTITION_AT_EPOCH)))
    open = std::make_unique<PartitionMemory>(segments_, control, index, index == own_,
                                             [this, index] { return pagesWithout(index); });
  return *open;
}

/** No correct app says more than all memory: one that does counts for nothing, until the clock
 * fails it at its commit. */
int64_t Fabric::pagesWithout(uint32_t index) {
  const int64_t max = control.memoryPagesMax();
  int64_t pages = 0;
  eachPartition([&](uint32_t other) {
    if (other == index) return;
    const int64_t said = partition(other).claimedPages();
    if (said <= max) pages += said;
  });
  return pages;
}

const std::optional<Box> Fabric::cellOf(uint32_t partition) const {
  const uint32_t domain = uint32_t(control.partitionWord(partition, HEDDLE_PARTITION_AT_DOMAIN));
  const int32_t cell = control.partitionWord(partition, HEDDLE_PARTITION_AT_CELL);
  if (domain >= world.domains.size() || !world.domains[domain].grid || cell < 0) return {};
  return world.domains[domain].grid->boundsOf(uint32_t(cell));
}

bool Fabric::isAsked(uint32_t index) {
  return control.asked(index) != partition(index).appWord(HEDDLE_APP_AT_COMMITTED);
}

bool Fabric::commit(uint32_t index) {
  if (!isAsked(index)) return false;
  partition(index).setAppWord(HEDDLE_APP_AT_COMMITTED, control.asked(index));
  return control.lowerWakeCount();
}

}  // namespace heddle
