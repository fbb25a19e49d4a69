// The owner's side of the spatial index over its partition: a table of entities sorted by bins, and
// the rows that changed since it was made.
// Owns what is said of it on the back side, at the end of each tick. Only entities outside of the
// quiet area, which nobody reads, are in it. While few rows change, the table stays and they are
// noted; where many do, it is made anew, in the table that nobody reads now.
#pragma once

#include <optional>
#include <vector>

#include "../memory/box.hpp"
#include "../memory/lists.hpp"
#include "../memory/partition-memory.hpp"

namespace heddle {

/** What a tick has changed, as far as the index is concerned. */
struct ChangedInTick {
  /** Rows that changed one by one; some may be named twice. */
  RowList& rows;
  /** Whether positions were written in bulk as well. */
  bool inBulk;
  /** After bulk writes that covered all rows: those that were left outside of the quiet area. */
  const PlaceList* outside;
};

class SpatialIndex {
 public:
  SpatialIndex(PartitionMemory& memory, const Box& cell) : memory_(memory), cell_(cell) {}

  /** Of the tick: none where nobody reads a part of the cell. */
  std::optional<Box> quiet;
  /** Of the cell, what a box that is asked for usually covers. */
  double boxArea = 0;

  /** Says on the back side of `tick`, whose other columns are finished, where everybody is. */
  void finish(double tick, uint32_t rows, const ChangedInTick& changed);

 private:
  bool keepTable(double tick, const Box& quiet, const RowList& changedRows);
  bool makeTable(double tick, const Box& quiet, uint32_t rows, const ChangedInTick& changed);
  void findAll(const Side& back, const Box& quiet, uint32_t rows);
  void merge(const Side& back, const Box& quiet, const PlaceList& outside, RowList& changed);
  void sortIntoBins(const IndexView& table, const Bins& bins);

  PartitionMemory& memory_;
  const Box cell_;
  /** Before, what stands on the front side is a predecessor's. */
  bool hasMade_ = false;
  PlaceList found_, places_;
  RowList beyond_;
  std::vector<uint32_t> binOf_;
};

}  // namespace heddle
