// Publishes what an app reads, and works out what of a cell nobody reads.

#include "interests.hpp"

#include <algorithm>

namespace heddle {

namespace {

/** A box that covers more of a cell than this is answered by looking at every row. */
constexpr double wholeCellShare = 0.25;
/** Boxes that wander are taken for so much wider, in shares of the cell. */
constexpr double paddingShare = 1.0 / 256;
/** A box that did not serve for longer than so many ticks wanders. */
constexpr double wanderingTicks = 64;
constexpr uint32_t anyDomain = 0xffffffff;

Box boxAt(const Side& side, uint32_t place) {
  const double* edges = side.interestBox + place * 4;
  return {edges[0], edges[1], edges[2], edges[3]};
}

/** The largest part of a box that lies on one side of another. */
Box largestWithout(const Box& box, const Box& other) {
  if (!overlaps(box, other)) return box;
  Box candidates[] = {box, box, box, box};
  candidates[0].maxX = least(box.maxX, other.minX);
  candidates[1].minX = most(box.minX, other.maxX);
  candidates[2].maxY = least(box.maxY, other.minY);
  candidates[3].minY = most(box.minY, other.maxY);
  Box largest = candidates[0];
  for (const Box& candidate : candidates)
    if (area(candidate) > area(largest)) largest = candidate;
  return area(largest) > 0 ? largest : Box{};
}

}  // namespace

bool publishInterests(Side& side, const Side& before, const std::vector<Interest>& interests) {
  uint32_t count = 0;
  for (const Interest& interest : interests) {
    const uint32_t place = count < HEDDLE_INTEREST_MAX ? count : HEDDLE_INTEREST_MAX - 1;
    const bool hasPlace = count < HEDDLE_INTEREST_MAX;
    const Box box = hasPlace ? interest.box : unionOf(interest.box, boxAt(side, place));
    // Beyond the last place boxes of several domains may meet: it then holds for all domains.
    side.interestDomain[place] =
        hasPlace || side.interestDomain[place] == interest.domain ? interest.domain : anyDomain;
    double* edges = side.interestBox + place * 4;
    edges[0] = box.minX;
    edges[1] = box.minY;
    edges[2] = box.maxX;
    edges[3] = box.maxY;
    count++;
  }
  const uint32_t published = count < HEDDLE_INTEREST_MAX ? count : HEDDLE_INTEREST_MAX;
  side.set(HEDDLE_SIDE_AT_INTERESTS, published);
  if (before.get(HEDDLE_SIDE_AT_INTERESTS) != published) return true;
  for (uint32_t place = 0; place < published; place++)
    if (side.interestDomain[place] != before.interestDomain[place] ||
        !isSame(boxAt(side, place), boxAt(before, place)))
      return true;
  return false;
}

bool readsWholeCell(const Box& box, const Box& cell) {
  return area(intersection(box, cell)) > area(cell) * wholeCellShare;
}

Readers::Readers(Fabric& fabric, uint32_t partition, const std::optional<Box>& cell)
    : fabric_(fabric),
      partition_(partition),
      domain_(uint32_t(fabric.control.partitionWord(partition, HEDDLE_PARTITION_AT_DOMAIN))),
      cell_(cell) {}

std::optional<Box> Readers::quiet(double tick, const std::optional<Box>& current) {
  if (!cell_) return {};
  const Box& cell = *cell_;
  if (knownAt_ < 0 || fabric_.control.interestsTick() > knownAt_) {
    boxes_ = find(tick);
    boxArea = 0;
    for (const Box& box : boxes_) boxArea += area(intersection(box, cell));
    if (!boxes_.empty()) boxArea /= double(boxes_.size());
  } else if (current && !isSame(*current, Box{}) && !boxes_.empty())
    return current;
  if (boxes_.empty()) return {};
  bool currentServes = current.has_value();
  for (const Box& box : boxes_) currentServes = currentServes && !overlaps(*current, box);
  const double padding = currentServes || tick - workedOutAt_ > wanderingTicks ? 0 : paddingShare;
  const double padX = (cell.maxX - cell.minX) * padding, padY = (cell.maxY - cell.minY) * padding;
  Box quiet = cell;
  for (const Box& box : boxes_)
    quiet =
        largestWithout(quiet, {box.minX - padX, box.minY - padY, box.maxX + padX, box.maxY + padY});
  if (currentServes && area(*current) * 2 >= area(quiet)) return current;
  workedOutAt_ = tick;
  return quiet;
}

/** The boxes that are read of a part of the cell. */
std::vector<Box> Readers::find(double tick) {
  knownAt_ = tick;
  std::vector<Box> boxes;
  fabric_.eachPartition([&](uint32_t reader) {
    if (reader == partition_) return;
    const Side& side = fabric_.partition(reader).side(tick);
    const uint32_t count =
        std::min<uint32_t>(side.get(HEDDLE_SIDE_AT_INTERESTS), HEDDLE_INTEREST_MAX);
    for (uint32_t place = 0; place < count; place++) {
      if (side.interestDomain[place] != domain_ && side.interestDomain[place] != anyDomain)
        continue;
      const Box box = boxAt(side, place);
      if (touches(box, *cell_) && !readsWholeCell(box, *cell_)) boxes.push_back(box);
    }
  });
  return boxes;
}

}  // namespace heddle
