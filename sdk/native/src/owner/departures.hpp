// Who leaves a partition at the end of a tick, and for where: found among those that changed, and
// written in groups as the barrier and the targets read them.
// Owns the groups' order: by target, and within a target by row. Never lets anybody go.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "../memory/lists.hpp"
#include "../memory/partition-memory.hpp"
#include "../memory/world.hpp"

namespace heddle {

/** Thrown where an entity of a domain with an area was moved out of it: nothing is written. */
struct Outside {
  uint32_t row;
};

/** Whom to look at, of the rows below `rows`. */
struct Suspects {
  uint32_t rows;
  /** All of them: nobody knows what changed. */
  bool all;
  RowList& changed;
  const RowList& rejected;
};

class Departures {
 public:
  /** With `refusesOutside` nobody gets out of the domain, however it was written. */
  Departures(const World& world, uint32_t partition, uint32_t domain,
             const std::optional<Box>& cell, bool refusesOutside);

  void begin(Side& back);
  /**
   * After a bulk write of the positions from `from` up to `to`: notes who is outside of the cell,
   * and who is outside of its quiet part, if it has one.
   */
  void lookAround(uint32_t from, uint32_t to, const std::optional<Box>& quiet);
  /** The rows that bulk writes left outside of the quiet part; null where they did not go over all.
   */
  const PlaceList* scanned(uint32_t rows) const;
  /** The place itself if an entity of this domain, which has an area, can be there; else the cell's
   * middle. */
  std::array<float, 3> inDomain(const float* at) const;
  /** Whether the row's entity belongs to a domain with an area, and is not in it. */
  bool isOutside(uint32_t row) const;
  /**
   * Finds the entities whose place is elsewhere, marks them as leaving, and lists them by target.
   * Those that have come to where they were to be handed are handed no further: their rows are
   * added to `suspects.changed`. Throws Outside.
   */
  void write(const Suspects& suspects);

 private:
  void findCandidates(const Suspects& suspects);
  std::array<float, 3> middle() const;
  bool isInDomain(const float* at) const;
  int64_t targetOf(uint32_t row, RowList& changed);
  void writeGroups();

  const World& world_;
  const uint32_t partition_, domain_;
  const std::optional<Box> cell_;
  const bool refusesOutside_;
  Side* back_ = nullptr;
  RowList outside_, candidates_;
  PlaceList scanned_, found_;
  /** Each row below this was looked at once and in order; -1 where that is not so. */
  int64_t scannedTo_ = 0;
  struct Leaving {
    uint32_t row, target;
  };
  std::vector<Leaving> leaving_;
};

}  // namespace heddle
