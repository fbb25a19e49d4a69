// The data fields that are in use on the back side: opened, widened and counted.
// Owns the views on them; never decides what is stored.
#pragma once

#include <array>
#include <vector>

#include "../memory/partition-memory.hpp"
#include "takeover.hpp"

namespace heddle {

class OwnerFields {
 public:
  explicit OwnerFields(PartitionMemory& memory) : memory_(memory) {}

  /**
   * Opens the fields on the back side of a tick at the front's strides. True where one differs: all
   * rows have to be copied then. With `follows` the owner has left the front side itself.
   */
  bool begin(double tick, bool follows);
  const FieldView& view(uint32_t field) const { return views_[field]; }
  std::vector<FieldOnBothSides> onBothSides();
  /** Takes all fields away from a row. */
  void clear(uint32_t row);
  /** Whether the row's entity has the field, or may have it beside those that it has. */
  bool mayHave(uint32_t row, uint32_t field) const;
  /** Makes sure that `bytes` fit, at a stride that is a multiple of `alignBytes`. */
  bool reserve(uint32_t field, uint32_t bytes, uint32_t rows, uint32_t alignBytes = 4);
  /** Opens or widens a field, and moves what its `rows` rows have. False where there is no room. */
  bool widen(uint32_t field, uint32_t stride, uint32_t rows);
  /** Whether a field was opened or made wider in this tick. */
  bool hasGrown = false;

 private:
  bool open(uint32_t field, uint32_t stride, Side& back);
  PartitionMemory& memory_;
  std::array<FieldView, HEDDLE_FIELD_INDEX_MAX + 1> views_;
  std::vector<uint32_t> inUse_;
  uint32_t backNumber_ = 0;
};

}  // namespace heddle
