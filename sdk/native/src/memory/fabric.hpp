// A fabric as one program sees it: control, world, and every partition's memory, opened when first
// looked at. Owns the open partitions, and the one store that is a commit; never waits or wakes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "control.hpp"
#include "partition-memory.hpp"
#include "world.hpp"

namespace heddle {

class Fabric {
 public:
  /** `own` is the one partition that this program may write. */
  Fabric(Segments& segments, World world, uint32_t own);

  Control control;
  const World world;

  /** The memory of a partition that is in use. */
  PartitionMemory& partition(uint32_t index);
  /** The bounds of a partition's cell, where it has one. */
  const std::optional<Box> cellOf(uint32_t partition) const;

  /** Whether the partition's app is asked for a tick that it has not committed. */
  bool isAsked(uint32_t partition);
  /** The commit point of one partition's tick: idempotent. True where nobody else is waited for. */
  bool commit(uint32_t partition);

  /** Calls `look` with each partition in use, in order. */
  template <class Look>
  void eachPartition(Look look) {
    const uint32_t count = control.partitionCount();
    for (uint32_t index = 0; index < count; index++)
      if (control.partitionInUse(index)) look(index);
  }

 private:
  int64_t pagesWithout(uint32_t index);
  Segments& segments_;
  const uint32_t own_;
  std::vector<std::unique_ptr<PartitionMemory>> open_;
};

}  // namespace heddle
