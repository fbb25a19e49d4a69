// Sorts points into cells.

#include "place-grid.hpp"

#include <algorithm>

namespace heddle {

namespace {
/** With more cells than this there would be more work with cells than with points. */
constexpr double cellsPerPointMax = 4, cellsMin = 64;
/** Cells along one axis: their numbers have to fit. */
constexpr double piecesMax = 65536;
}  // namespace

void PlaceGrid::build(double radius, const float* positions, uint32_t count, const uint8_t* states,
                      uint32_t ownCount) {
  const auto isThere = [&](uint32_t point) { return point >= ownCount || states[point] != 0; };
  float minX = INFINITY, minY = INFINITY, maxX = -INFINITY, maxY = -INFINITY;
  uint32_t there = 0;
  for (uint32_t point = 0; point < count; point++) {
    if (!isThere(point)) continue;
    there++;
    const float x = positions[uint64_t(point) * 3], y = positions[uint64_t(point) * 3 + 1];
    // No app can store an infinite place, but one that errs can write it: it counts to the edge.
    if (x < minX && x != -INFINITY) minX = x;
    if (x > maxX && x != INFINITY) maxX = x;
    if (y < minY && y != -INFINITY) minY = y;
    if (y > maxY && y != INFINITY) maxY = y;
  }
  const bool isEmpty = !(maxX >= minX && maxY >= minY);
  minX_ = isEmpty ? 0 : minX;
  minY_ = isEmpty ? 0 : minY;
  divide(radius, isEmpty ? 0 : double(maxX) - minX, isEmpty ? 0 : double(maxY) - minY, there);
  starts_.assign(uint64_t(columns_) * rows_ + 1, 0);
  if (cellOfPoint_.size() < count) cellOfPoint_.resize(count + count / 2);
  for (uint32_t point = 0; point < count; point++) {
    if (!isThere(point)) continue;
    const uint32_t cell = cellOf(positions + uint64_t(point) * 3);
    cellOfPoint_[point] = cell;
    starts_[cell]++;
  }
  uint32_t sum = 0;
  for (uint32_t& start : starts_) start = sum += start;
  if (sorted.size() < there) {
    sorted.resize(there + there / 2);
    sortedX.resize(sorted.size());
    sortedY.resize(sorted.size());
  }
  // From the last point down: each start moves from the end of its cell to its beginning.
  for (uint32_t point = count; point-- > 0;) {
    if (!isThere(point)) continue;
    const uint32_t place = --starts_[cellOfPoint_[point]];
    sorted[place] = point;
    sortedX[place] = positions[uint64_t(point) * 3];
    sortedY[place] = positions[uint64_t(point) * 3 + 1];
  }
}

/** Cells as wide as the radius; wider where there would be many more cells than points. */
void PlaceGrid::divide(double radius, double width, double height, uint32_t points) {
  const double cellsMax = std::max(cellsMin, points * cellsPerPointMax);
  double side = std::max({radius, std::max(width, height) / piecesMax, 1e-300});
  const auto pieces = [&side](double length) { return std::floor(length / side) + 1; };
  while (pieces(width) * pieces(height) > cellsMax) side *= 2;
  perUnit_ = 1 / side;
  columns_ = uint32_t(pieces(width));
  rows_ = uint32_t(pieces(height));
}

}  // namespace heddle
