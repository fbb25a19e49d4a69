// Lists that keep their memory from tick to tick: of rows, and of rows with where they are.
// Owns their order; never knows what the rows hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "heddle.h"

namespace heddle {

using RowList = std::vector<uint32_t>;

inline void sortUnique(RowList& rows) {
  if (!std::is_sorted(rows.begin(), rows.end())) std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

using Place = heddle_place;
using PlaceList = std::vector<Place>;

/** The smallest range around all that was added. */
struct RowRange {
  uint32_t from = UINT32_MAX, to = 0;
  bool isEmpty() const { return from >= to; }
  void add(uint32_t first, uint32_t end) {
    from = std::min(from, first);
    to = std::max(to, end);
  }
  void clear() { *this = {}; }
};

}  // namespace heddle
