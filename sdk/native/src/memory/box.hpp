// Boxes on a domain, and how they lie to each other; and how a cell is cut into bins.
// Owns the rules at the edges: an entity on an edge of a box is inside.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "heddle_layout.h"

namespace heddle {

struct Box {
  double minX = 0, minY = 0, maxX = 0, maxY = 0;
};

/** As JavaScript's Math.min and Math.max: what is no number stays none. */
inline double least(double one, double other) {
  return std::isnan(one) || std::isnan(other) ? std::numeric_limits<double>::quiet_NaN()
                                              : (one < other ? one : other);
}
inline double most(double one, double other) {
  return std::isnan(one) || std::isnan(other) ? std::numeric_limits<double>::quiet_NaN()
                                              : (one > other ? one : other);
}

inline bool contains(const Box& box, double x, double y) {
  return x >= box.minX && x <= box.maxX && y >= box.minY && y <= box.maxY;
}
inline bool covers(const Box& one, const Box& other) {
  return one.minX <= other.minX && one.maxX >= other.maxX && one.minY <= other.minY &&
         one.maxY >= other.maxY;
}
/** Whether they have a point in common, be it on their edges. */
inline bool touches(const Box& one, const Box& other) {
  return one.minX <= other.maxX && one.maxX >= other.minX && one.minY <= other.maxY &&
         one.maxY >= other.minY;
}
/** Whether they have more than edges in common. */
inline bool overlaps(const Box& one, const Box& other) {
  return one.minX < other.maxX && one.maxX > other.minX && one.minY < other.maxY &&
         one.maxY > other.minY;
}
inline double area(const Box& box) {
  return most(0, box.maxX - box.minX) * most(0, box.maxY - box.minY);
}
inline Box intersection(const Box& one, const Box& other) {
  return {most(one.minX, other.minX), most(one.minY, other.minY), least(one.maxX, other.maxX),
          least(one.maxY, other.maxY)};
}
inline Box unionOf(const Box& one, const Box& other) {
  return {least(one.minX, other.minX), least(one.minY, other.minY), most(one.maxX, other.maxX),
          most(one.maxY, other.maxY)};
}
inline bool isSame(const Box& one, const Box& other) {
  return one.minX == other.minX && one.minY == other.minY && one.maxX == other.maxX &&
         one.maxY == other.maxY;
}

/** How a cell is cut into the bins of its spatial index. */
class Bins {
 public:
  Bins(const Box& cell, uint32_t count)
      : count(count),
        minX_(cell.minX),
        minY_(cell.minY),
        perUnitX_(count / (cell.maxX - cell.minX)),
        perUnitY_(count / (cell.maxY - cell.minY)) {}

  /** For so many entities, of which a box that is asked for usually holds so many. */
  static uint32_t countFor(double entities, double inBox) {
    // At least about 4 entities in a bin; a box looks into about 8 bins or more.
    const double inBins = inBox / 8;
    const double perBin = inBins > 4 ? inBins : 4;
    const double count = std::ceil(std::sqrt(entities / perBin));
    if (!(count > 1)) return 1;
    return count < HEDDLE_BINS_PER_AXIS_MAX ? uint32_t(count) : HEDDLE_BINS_PER_AXIS_MAX;
  }
  uint32_t columnOf(double x) const { return place((x - minX_) * perUnitX_); }
  uint32_t rowOf(double y) const { return place((y - minY_) * perUnitY_); }
  uint32_t binOf(double x, double y) const { return rowOf(y) * count + columnOf(x); }

  /** Along each axis. */
  const uint32_t count;

 private:
  /** What is no number counts as the lowest. */
  uint32_t place(double at) const { return at >= count ? count - 1 : at > 0 ? uint32_t(at) : 0; }
  double minX_, minY_, perUnitX_, perUnitY_;
};

}  // namespace heddle
