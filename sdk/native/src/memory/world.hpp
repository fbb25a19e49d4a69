// What every program that opens a fabric knows of the world in it: its domains, and which partition
// a position belongs to. Owns plain data that never changes while the simulation runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "box.hpp"

namespace heddle {

/** The geometry of a partitioning grid: which cell owns a position. */
class Grid {
 public:
  Grid(const Box& bounds, uint32_t columns, uint32_t rows);
  /**
   * -1 for NaN and outside of the bounds. A cell owns its lower edges but not its upper ones; the
   * last cell of an axis owns its upper edge too.
   */
  int64_t cellOf(double x, double y) const;
  /** Whether a cell owns a position: it is within the bounds, and no NaN. */
  bool holds(double x, double y) const {
    // Every comparison with NaN is false.
    return x >= xEdges_.front() && x <= xEdges_.back() && y >= yEdges_.front() &&
           y <= yEdges_.back();
  }
  /** The cells that have a point in common with a box, in ascending order. */
  std::vector<uint32_t> cellsTouching(const Box& box) const;
  Box boundsOf(uint32_t cell) const;

  const uint32_t columns, rows;

 private:
  std::vector<float> xEdges_, yEdges_;
  double columnsPerUnit_, rowsPerUnit_;
};

struct Domain {
  std::string name;
  std::string lifecycle;
  std::optional<Grid> grid;
  /** Of a domain with a grid: the partition of cell c is this, plus c. */
  uint32_t firstPartition = 0;
};

class World {
 public:
  World() = default;
  /** From the text of `world.json`. Throws Failure. */
  explicit World(const std::string& json);
  /** -1 outside of the domain's bounds, for NaN, and for a domain without an area. */
  int64_t partitionAt(uint32_t domain, double x, double y) const;
  /** Whether any spatial domain reaches to a position. */
  bool holds(double x, double y) const {
    for (const Domain& domain : domains)
      if (domain.grid && domain.grid->holds(x, y)) return true;
    return false;
  }
  /** -1 where there is none of that name. */
  int64_t domainIndex(const std::string& name) const;

  std::vector<Domain> domains;
  /** Entities that one partition may get in a tick, where that is limited. */
  std::optional<double> transfersPerTick;
};

}  // namespace heddle
