// The control file and the wake word seen as objects. Owns reading of single entries; never waits.
// Apps have the control file mapped for reading.
#pragma once

#include <string>

#include "layout.hpp"
#include "segments.hpp"

namespace heddle {

template <class Number>
inline Number& at(uint8_t* memory, uint64_t offset) {
  return *reinterpret_cast<Number*>(memory + offset);
}
inline int32_t loadWord(uint8_t* memory, uint64_t offset) {
  return __atomic_load_n(&at<int32_t>(memory, offset), __ATOMIC_SEQ_CST);
}
inline void storeWord(uint8_t* memory, uint64_t offset, int32_t value) {
  __atomic_store_n(&at<int32_t>(memory, offset), value, __ATOMIC_SEQ_CST);
}

class Control {
 public:
  /** Throws Failure where it is not a fabric of this layout. */
  explicit Control(Segments& segments);

  double tick() const { return at<double>(memory_, HEDDLE_CONTROL_AT_TICK); }
  double committedTick() const { return at<double>(memory_, HEDDLE_CONTROL_AT_COMMITTED_TICK); }
  double tickRate() const { return at<double>(memory_, HEDDLE_CONTROL_AT_TICK_RATE); }
  double interestsTick() const { return at<double>(memory_, HEDDLE_CONTROL_AT_INTERESTS_TICK); }
  double fieldsTick() const { return at<double>(memory_, HEDDLE_CONTROL_AT_FIELDS_TICK); }
  uint32_t straying() const { return at<uint32_t>(memory_, HEDDLE_CONTROL_AT_STRAYING); }
  bool shutdown() const { return loadWord(memory_, HEDDLE_CONTROL_AT_SHUTDOWN) != 0; }
  uint32_t partitionCount() const {
    return uint32_t(loadWord(memory_, HEDDLE_CONTROL_AT_PARTITION_COUNT));
  }
  int32_t memoryPagesMax() const {
    return at<int32_t>(memory_, HEDDLE_CONTROL_AT_MEMORY_PAGES_MAX);
  }
  /** Pages of the files that belong to no partition. */
  int64_t ownPages() const { return int64_t(bytes_ / HEDDLE_PAGE_BYTES + 1); }

  /** One of HEDDLE_PARTITION_AT_*, but for the name. */
  int32_t partitionWord(uint32_t partition, uint32_t entry) const {
    return loadWord(memory_, partitionOffset(partition) + entry);
  }
  bool partitionInUse(uint32_t partition) const {
    return partition < partitionCount() &&
           partitionWord(partition, HEDDLE_PARTITION_AT_STATE) != HEDDLE_PARTITION_FREE;
  }
  std::string partitionName(uint32_t partition) const;
  /** Low 32 bits of the newest tick that the partition's app is asked to compute. */
  int32_t asked(uint32_t partition) const {
    return loadWord(memory_, heddle_asked_offset() + uint64_t(partition) * 4);
  }

  int32_t* releaseWord() const { return &at<int32_t>(memory_, HEDDLE_CONTROL_AT_RELEASE_WORD); }
  int32_t* wakeWord() const { return &at<int32_t>(wake_, HEDDLE_WAKE_AT_WORD); }
  /** Changes the wake word, so that the worker looks. */
  void bumpWakeWord();
  /** One app fewer has not committed. True where it was the last one. */
  bool lowerWakeCount();

  const Sizes& sizes() const { return sizes_; }

 private:
  uint64_t partitionOffset(uint32_t partition) const {
    return partitions_ + uint64_t(partition) * HEDDLE_PARTITION_BYTES;
  }
  uint8_t* memory_;
  uint8_t* wake_;
  Sizes sizes_;
  uint64_t partitions_, bytes_;
};

}  // namespace heddle
