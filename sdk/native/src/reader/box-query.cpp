// Finds the entities in a box.

#include "box-query.hpp"

#include <algorithm>

#include "../memory/interests.hpp"

namespace heddle {

namespace {

/** Looks into the bins that the box touches, and at what has changed since they were filled. */
void findInIndex(PartitionMemory& memory, double tick, const Box& cell, const Box& box,
                 PlaceList& found) {
  const Side& side = memory.side(tick);
  const IndexView table = memory.indexTable(side.get(HEDDLE_SIDE_AT_INDEX_TABLE) & 1);
  const uint32_t count = side.get(HEDDLE_SIDE_AT_INDEX_BINS);
  const Bins bins(cell, std::clamp(count, 1u, uint32_t(HEDDLE_BINS_PER_AXIS_MAX)));
  const uint32_t number = tableNumber(side.number(HEDDLE_SIDE_AT_INDEX_TICK));
  const uint32_t changes =
      std::min(side.get(HEDDLE_SIDE_AT_INDEX_CHANGES), memory.sizes.entityLimit);
  const IndexView noted = memory.indexTable(uint64_t(tick) % 2);
  const uint32_t firstColumn = bins.columnOf(box.minX), lastColumn = bins.columnOf(box.maxX);
  const uint32_t lastRow = bins.rowOf(box.maxY);
  const uint32_t rows = side.rows();
  const uint32_t limit = memory.sizes.entityLimit;
  // Bins lie one after another: no entry is looked at twice, whatever another app wrote.
  uint32_t end = 0;
  for (uint32_t binRow = bins.rowOf(box.minY); binRow <= lastRow; binRow++) {
    uint32_t entry = std::max(table.start[binRow * bins.count + firstColumn], end);
    end = std::max(end, std::min(table.start[binRow * bins.count + lastColumn + 1], limit));
    for (; entry < end; entry++) {
      const float x = table.x[entry], y = table.y[entry];
      if (!contains(box, x, y)) continue;
      const uint32_t row = table.row[entry];
      if (row < rows && (changes == 0 || noted.changedSince[row] != number))
        found.push_back({row, x, y});
    }
  }
  for (uint32_t place = 0; place < changes; place++) {
    const uint32_t row = noted.changedRow[place];
    if (row >= rows || side.state[row] == rowFree) continue;
    const float* at = side.position + uint64_t(row) * 3;
    if (contains(box, at[0], at[1])) found.push_back({row, at[0], at[1]});
  }
}

/** All that are not on their way out: nothing has to be compared. */
void findStaying(const Side& side, PlaceList& found) {
  const uint32_t rows = side.rows();
  for (uint32_t row = 0; row < rows; row++)
    if (side.state[row] == rowHere)
      found.push_back(
          {row, side.position[uint64_t(row) * 3], side.position[uint64_t(row) * 3 + 1]});
}

/** Looks at every row. */
void findInRows(const Side& side, const Box& box, PlaceList& found) {
  const uint32_t rows = side.rows();
  for (uint32_t row = 0; row < rows; row++) {
    const float* at = side.position + uint64_t(row) * 3;
    if (contains(box, at[0], at[1]) && side.state[row] != rowFree)
      found.push_back({row, at[0], at[1]});
  }
}

/** Only what is on its way out, or wants to be, lies outside of its owner's cell. */
void findLeaving(Fabric& fabric, const PartitionMemory& memory, const Side& side, const Box& box,
                 PlaceList& found) {
  const Sizes& sizes = memory.sizes;
  const uint32_t rows = side.rows();
  const uint32_t groups =
      std::min(side.get(HEDDLE_SIDE_AT_HANDOFF_GROUPS), sizes.partitionCapacity);
  uint32_t left = rows;
  for (uint32_t group = 0; group < groups; group++) {
    const uint32_t target = side.handoffTarget[group];
    if (!fabric.control.partitionInUse(target)) continue;
    const auto cell = fabric.cellOf(target);
    if (cell && !touches(*cell, box)) continue;
    const uint64_t start = side.handoffStart[group];
    const uint64_t end =
        std::min<uint64_t>(start + std::min(side.handoffCount[group], left), sizes.entityLimit);
    for (uint64_t place = start; place < end; place++) {
      left--;
      const uint32_t row = side.leavingRow[place];
      if (row >= rows) continue;
      const float* at = side.position + uint64_t(row) * 3;
      if (contains(box, at[0], at[1])) found.push_back({row, at[0], at[1]});
    }
  }
}

bool isIndexed(const Side& side, const Box& box, const Box& cell) {
  if (side.get(HEDDLE_SIDE_AT_INDEXED) == 0 || readsWholeCell(box, cell)) return false;
  const Box quiet{side.quiet[0], side.quiet[1], side.quiet[2], side.quiet[3]};
  return area(quiet) == 0 || !overlaps(quiet, box);
}

}  // namespace

void findInBox(Fabric& fabric, PartitionMemory& memory, double tick, const Box& box,
               PlaceList& found) {
  const Side& side = memory.side(tick);
  if (side.get(HEDDLE_SIDE_AT_POPULATION) == 0) return;
  const auto cell = fabric.cellOf(memory.index);
  const bool inCell = cell && side.get(HEDDLE_SIDE_AT_STRAYS) == 0;
  if (inCell && !touches(*cell, box))
    findLeaving(fabric, memory, side, box, found);
  else if (inCell && covers(box, *cell)) {
    findStaying(side, found);
    findLeaving(fabric, memory, side, box, found);
  } else if (cell && isIndexed(side, box, *cell))
    findInIndex(memory, tick, *cell, box, found);
  else
    findInRows(side, box, found);
}

}  // namespace heddle
