// When a partition gives back what it needed for a peak: at the end of a window of ticks in which
// it used much less than it has claimed. Owns the decision and the window.
#pragma once

#include <algorithm>

#include "../memory/partition-memory.hpp"

namespace heddle {

struct PeakOptions {
  /** Ticks of a window, at least 3. */
  uint32_t windowTicks = 128;
  /** Nothing is given back unless more than this share of all that is claimed can be. */
  double spareShareMin = 0.5;
};

class PeakWatch {
 public:
  explicit PeakWatch(const PeakOptions& options) : options_(options) {}

  /**
   * Holds for the last two ticks of a window that ends with giving back: in neither may the spatial
   * index be used, so that nobody reads it when it goes.
   */
  bool isEnding = false;

  /** At the end of each tick, with the most that was used in it. */
  void endTick(PartitionMemory& memory, const MemoryUse& use) {
    most_.rows = std::max(most_.rows, use.rows);
    most_.messages = std::max(most_.messages, use.messages);
    most_.heapBytes = std::max(most_.heapBytes, use.heapBytes);
    most_.isIndexed = most_.isIndexed || use.isIndexed;
    ticks_++;
    if (ticks_ + 2 == options_.windowTicks)
      isEnding = memory.spareShare(most_) > options_.spareShareMin;
    if (ticks_ < options_.windowTicks) return;
    // The index is made again at the size that it needs.
    most_.isIndexed = false;
    if (isEnding) memory.shrink(most_);
    isEnding = false;
    ticks_ = 0;
    most_ = {};
  }

 private:
  const PeakOptions options_;
  uint32_t ticks_ = 0;
  MemoryUse most_;
};

}  // namespace heddle
