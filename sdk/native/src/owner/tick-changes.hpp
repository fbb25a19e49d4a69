// What an owner changed in one tick, kept in its own process: two ticks later the same side is
// brought up to date with this, and nothing else is copied.
#pragma once

#include <array>

#include "../memory/layout.hpp"
#include "../memory/lists.hpp"

namespace heddle {

struct FieldChange {
  /** Rows whose data, and whose lengths and type ids, were written in bulk. */
  RowRange data, heads;
};

struct TickChanges {
  /** Rows of which any column may have changed. */
  RowList rows;
  /** Rows whose positions, and whose `changed`, were written in bulk. */
  RowRange position, stamps;
  /** Whether the app went over its positions in a sweep, as it probably will again. */
  bool sweeps = false;
  std::array<FieldChange, HEDDLE_FIELD_INDEX_MAX + 1> fields;

  void clear() {
    rows.clear();
    position.clear();
    stamps.clear();
    sweeps = false;
    for (FieldChange& change : fields) {
      change.data.clear();
      change.heads.clear();
    }
  }
};

}  // namespace heddle
