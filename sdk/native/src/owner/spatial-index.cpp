// Keeps the table of the tick before, or makes one anew.

#include "spatial-index.hpp"

#include <algorithm>
#include <cstring>

#include "inside.hpp"

namespace heddle {

namespace {

/** A table is made anew once more than this share of it has changed. */
constexpr double changedShareMax = 1.0 / 32;
constexpr double changedMin = 256;
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Box everywhere{-infinite, -infinite, infinite, infinite};

/** Whether the row holds the same entity at the same place as in the tick before. */
bool isUnmoved(const Side& front, const Side& back, uint32_t row) {
  const float* before = front.position + uint64_t(row) * 3;
  const float* now = back.position + uint64_t(row) * 3;
  return row < front.rows() && front.state[row] != rowFree && back.state[row] != rowFree &&
         front.id[row] == back.id[row] && before[0] == now[0] && before[1] == now[1];
}

}  // namespace

void SpatialIndex::finish(double tick, uint32_t rows, const ChangedInTick& changed) {
  Side& back = memory_.side(tick);
  if (!quiet) {
    back.set(HEDDLE_SIDE_AT_INDEXED, 0);
    return;
  }
  const bool kept = !changed.inBulk && keepTable(tick, *quiet, changed.rows);
  back.set(HEDDLE_SIDE_AT_INDEXED, kept || makeTable(tick, *quiet, rows, changed) ? 1 : 0);
}

/** The table of the tick before still serves, with some more changes. False where it doesn't. */
bool SpatialIndex::keepTable(double tick, const Box& quiet, const RowList& changedRows) {
  const Side& front = memory_.side(tick + 1);
  const double* before = front.quiet;
  if (!hasMade_ || front.get(HEDDLE_SIDE_AT_INDEXED) == 0 ||
      !isSame({before[0], before[1], before[2], before[3]}, quiet))
    return false;
  const uint32_t noted = front.get(HEDDLE_SIDE_AT_INDEX_CHANGES);
  const uint32_t bins = front.get(HEDDLE_SIDE_AT_INDEX_BINS);
  const uint32_t entries =
      memory_.indexTable(front.get(HEDDLE_SIDE_AT_INDEX_TABLE)).start[bins * bins];
  if (double(noted) + double(changedRows.size()) > std::max(changedMin, entries * changedShareMax))
    return false;
  Side& back = memory_.side(tick);
  const uint32_t rows = std::max(front.rows(), back.rows());
  if (!memory_.ensureIndexChanges(rows)) return false;
  const IndexView view = memory_.indexTable(uint64_t(tick) % 2);
  const uint32_t* notedRows = memory_.indexTable(uint64_t(tick + 1) % 2).changedRow;
  const uint32_t table = tableNumber(front.number(HEDDLE_SIDE_AT_INDEX_TICK));
  if (noted > 0) std::memcpy(view.changedRow, notedRows, uint64_t(noted) * 4);
  for (uint32_t place = 0; place < noted; place++)
    view.changedSince[view.changedRow[place]] = table;
  uint32_t count = noted;
  for (const uint32_t row : changedRows) {
    if (row >= rows || view.changedSince[row] == table || isUnmoved(front, back, row)) continue;
    view.changedSince[row] = table;
    view.changedRow[count++] = row;
  }
  back.set(HEDDLE_SIDE_AT_INDEX_CHANGES, count);
  back.set(HEDDLE_SIDE_AT_INDEX_TABLE, front.get(HEDDLE_SIDE_AT_INDEX_TABLE));
  back.set(HEDDLE_SIDE_AT_INDEX_BINS, bins);
  back.setNumber(HEDDLE_SIDE_AT_INDEX_TICK, front.number(HEDDLE_SIDE_AT_INDEX_TICK));
  std::copy_n(front.quiet, 4, back.quiet);
  return true;
}

bool SpatialIndex::makeTable(double tick, const Box& quiet, uint32_t rows,
                             const ChangedInTick& changed) {
  Side& back = memory_.side(tick);
  const Side& front = memory_.side(tick + 1);
  places_.clear();
  if (changed.outside)
    merge(back, quiet, *changed.outside, changed.rows);
  else
    findAll(back, quiet, rows);
  const uint32_t count = uint32_t(places_.size());
  if (!memory_.ensureIndexTable(std::max(1u, count))) return false;
  const uint32_t number =
      front.get(HEDDLE_SIDE_AT_INDEXED) == 1 ? 1 - front.get(HEDDLE_SIDE_AT_INDEX_TABLE) : 0;
  const double inBox = (count * boxArea) / (area(cell_) - area(quiet));
  const Bins bins(cell_, Bins::countFor(count, inBox));
  sortIntoBins(memory_.indexTable(number), bins);
  hasMade_ = true;
  back.set(HEDDLE_SIDE_AT_INDEX_TABLE, number);
  back.set(HEDDLE_SIDE_AT_INDEX_BINS, bins.count);
  back.set(HEDDLE_SIDE_AT_INDEX_CHANGES, 0);
  back.setNumber(HEDDLE_SIDE_AT_INDEX_TICK, tick);
  const double edges[] = {quiet.minX, quiet.minY, quiet.maxX, quiet.maxY};
  std::copy_n(edges, 4, back.quiet);
  return true;
}

/** Looks at every row for entities that are not in the quiet area. */
void SpatialIndex::findAll(const Side& back, const Box& quiet, uint32_t rows) {
  found_.clear();
  beyond_.clear();
  findOutside(back.position, 0, rows, quiet, everywhere, found_, beyond_);
  for (const Place& place : found_)
    if (back.state[place.row] != rowFree) places_.push_back(place);
}

/** Those that a bulk write left outside, but for rows that changed one by one: looked at again. */
void SpatialIndex::merge(const Side& back, const Box& quiet, const PlaceList& outside,
                         RowList& changed) {
  sortUnique(changed);
  const uint32_t rowCount = back.rows();
  size_t place = 0;
  for (size_t next = 0; next <= changed.size(); next++) {
    const uint32_t row = next < changed.size() ? changed[next] : rowCount;
    for (; place < outside.size() && outside[place].row < row; place++)
      if (back.state[outside[place].row] != rowFree) places_.push_back(outside[place]);
    if (place < outside.size() && outside[place].row == row) place++;
    if (row >= rowCount || back.state[row] == rowFree) continue;
    const float x = back.position[uint64_t(row) * 3], y = back.position[uint64_t(row) * 3 + 1];
    if (!(x > quiet.minX && x < quiet.maxX && y > quiet.minY && y < quiet.maxY))
      places_.push_back({row, x, y});
  }
}

/** Counting sort: entries ascend by bin, and by row within a bin. */
void SpatialIndex::sortIntoBins(const IndexView& table, const Bins& bins) {
  const uint32_t binCount = bins.count * bins.count;
  std::fill_n(table.start, binCount + 1, 0);
  binOf_.resize(places_.size());
  for (size_t place = 0; place < places_.size(); place++) {
    binOf_[place] = bins.binOf(places_[place].x, places_[place].y);
    table.start[binOf_[place]]++;
  }
  uint32_t sum = 0;
  for (uint32_t bin = 0; bin <= binCount; bin++) table.start[bin] = sum += table.start[bin];
  // From the last one down: each start moves from the end of its bin to the beginning.
  for (size_t place = places_.size(); place-- > 0;) {
    const uint32_t entry = --table.start[binOf_[place]];
    table.row[entry] = places_[place].row;
    table.x[entry] = places_[place].x;
    table.y[entry] = places_[place].y;
  }
}

}  // namespace heddle
