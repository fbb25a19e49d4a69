// Points sorted by place, so that those near another point are found among few.
// Owns the sorting; never knows what the points are. Memory grows to the largest tick and stays.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace heddle {

class PlaceGrid {
 public:
  /**
   * `positions` has x, y, z a point. Points below `ownCount` count only where their state is not 0.
   * `radius` is the distance that is asked for most.
   */
  void build(double radius, const float* positions, uint32_t count, const uint8_t* states,
             uint32_t ownCount);

  /** The points of a row of cells: one after the other in the sorted lists. */
  struct Run {
    uint32_t from, to;
  };
  /** Calls `look` with the runs of points in which all lie that are within a distance of a place.
   */
  template <class Look>
  void eachRun(double x, double y, double radius, Look look) const {
    const uint32_t first = columnOf(x - radius), last = columnOf(x + radius);
    const uint32_t lastRow = rowOf(y + radius);
    for (uint32_t row = rowOf(y - radius); row <= lastRow; row++)
      look(Run{starts_[row * columns_ + first], starts_[row * columns_ + last + 1]});
  }
  /** Calls `look` with each point within a distance of a place. */
  template <class Look>
  void eachNear(double x, double y, double radius, Look look) const {
    eachRun(x, y, radius, [&](const Run& run) {
      for (uint32_t place = run.from; place < run.to; place++) {
        const double dx = double(sortedX[place]) - x, dy = double(sortedY[place]) - y;
        if (dx * dx + dy * dy <= radius * radius) look(sorted[place]);
      }
    });
  }

  std::vector<uint32_t> sorted;
  /** Where those are, in the same order. */
  std::vector<float> sortedX, sortedY;

 private:
  uint32_t cellOf(const float* at) const { return rowOf(at[1]) * columns_ + columnOf(at[0]); }
  uint32_t columnOf(double x) const { return piece((x - minX_) * perUnit_, columns_); }
  uint32_t rowOf(double y) const { return piece((y - minY_) * perUnit_, rows_); }
  /** What is no number counts to the first. */
  static uint32_t piece(double at, uint32_t count) {
    return at >= count ? count - 1 : at > 0 ? uint32_t(at) : 0;
  }
  void divide(double radius, double width, double height, uint32_t points);

  double minX_ = 0, minY_ = 0, perUnit_ = 0;
  uint32_t columns_ = 1, rows_ = 1;
  /** One a cell, and one more. */
  std::vector<uint32_t> starts_{0, 0};
  std::vector<uint32_t> cellOfPoint_;
};

}  // namespace heddle
