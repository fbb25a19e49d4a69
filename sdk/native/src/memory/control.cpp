// Opens the control file and looks whether this runtime can read it.

#include "control.hpp"

#include "../failure.hpp"

namespace heddle {

namespace {
constexpr int32_t wakeCountMask = (1 << HEDDLE_WAKE_COUNT_BITS) - 1;
}

Control::Control(Segments& segments) {
  uint8_t* head = segments.open(HEDDLE_FILE_CONTROL, 0, HEDDLE_CONTROL_BYTES, false).data;
  const auto number = [head](uint32_t entry) { return at<uint32_t>(head, entry); };
  if (number(HEDDLE_CONTROL_AT_MAGIC) != HEDDLE_MAGIC)
    throw Failure(
        HEDDLE_NOT_CONNECTED,
        "this is no Heddle fabric: its control file does not begin with the magic number");
  if (number(HEDDLE_CONTROL_AT_LAYOUT_VERSION) != HEDDLE_VERSION)
    throw Failure(HEDDLE_NOT_CONNECTED,
                  "the fabric has layout version " +
                      std::to_string(number(HEDDLE_CONTROL_AT_LAYOUT_VERSION)) +
                      ", libheddle has " + std::to_string(HEDDLE_VERSION) +
                      ": use the same Heddle for both");
  sizes_.partitionCapacity = number(HEDDLE_CONTROL_AT_PARTITION_CAPACITY);
  sizes_.entityLimit = number(HEDDLE_CONTROL_AT_ENTITY_LIMIT);
  sizes_.fieldBytesMax = number(HEDDLE_CONTROL_AT_FIELD_BYTES_MAX);
  sizes_.messageLimit = number(HEDDLE_CONTROL_AT_MESSAGE_LIMIT);
  sizes_.messageBytesMax = number(HEDDLE_CONTROL_AT_MESSAGE_BYTES_MAX);
  sizes_.messageHeapBytes = number(HEDDLE_CONTROL_AT_MESSAGE_HEAP_BYTES);
  sizes_.fieldsPerEntity = number(HEDDLE_CONTROL_AT_FIELDS_PER_ENTITY);
  partitions_ = heddle_partitions_offset(sizes_);
  const uint64_t perPartition = HEDDLE_PARTITION_BYTES + HEDDLE_PARTITION_METER_BYTES;
  const uint64_t end =
      partitions_ + sizes_.partitionCapacity * perPartition + HEDDLE_CLOCK_METER_BYTES;
  bytes_ = heddle_round_up(end, HEDDLE_PAGE_BYTES);
  memory_ = segments.open(HEDDLE_FILE_CONTROL, 0, bytes_, false).data;
  wake_ = segments.open(HEDDLE_FILE_WAKE, 0, HEDDLE_PAGE_BYTES, true).data;
}

std::string Control::partitionName(uint32_t partition) const {
  const uint32_t bytes = uint32_t(partitionWord(partition, HEDDLE_PARTITION_AT_NAME_BYTES));
  const uint64_t start = partitionOffset(partition) + HEDDLE_PARTITION_AT_NAME;
  return std::string(reinterpret_cast<const char*>(memory_ + start), bytes < 256 ? bytes : 256);
}

void Control::bumpWakeWord() {
  __atomic_add_fetch(wakeWord(), wakeCountMask + 1, __ATOMIC_SEQ_CST);
}

bool Control::lowerWakeCount() {
  return (__atomic_sub_fetch(wakeWord(), 1, __ATOMIC_SEQ_CST) & wakeCountMask) == 0;
}

}  // namespace heddle
