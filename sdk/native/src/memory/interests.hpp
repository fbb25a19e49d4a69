// Which boxes apps read of others' partitions: published with each tick, so that the owners know
// what to keep an index of. Owns the published boxes and what follows from them for one cell.
#pragma once

#include <optional>
#include <vector>

#include "fabric.hpp"

namespace heddle {

struct Interest {
  uint32_t domain;
  Box box;
};

/** True where they are others than on the side of the tick before. */
bool publishInterests(Side& side, const Side& before, const std::vector<Interest>& interests);

/** Whether a reader of the box looks at every row of the cell's partition anyway. */
bool readsWholeCell(const Box& box, const Box& cell);

/** Who reads what of one partition's cell. */
class Readers {
 public:
  Readers(Fabric& fabric, uint32_t partition, const std::optional<Box>& cell);
  /**
   * The part of the cell that no other app reads, as of the committed `tick`; none of a cell that
   * nobody reads in part. `current` is kept where it still serves.
   */
  std::optional<Box> quiet(double tick, const std::optional<Box>& current);
  /** Of the cell, what a box covers on average. */
  double boxArea = 0;

 private:
  std::vector<Box> find(double tick);
  Fabric& fabric_;
  const uint32_t partition_;
  const uint32_t domain_;
  const std::optional<Box> cell_;
  double knownAt_ = -1;
  std::vector<Box> boxes_;
  double workedOutAt_ = -std::numeric_limits<double>::infinity();
};

}  // namespace heddle
