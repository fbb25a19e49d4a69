// A partition's rows on their way from the front side to the back side: all of them, or those that
// one tick has changed. Positions that an app sweeps over follow piece by piece.
// Owns the copying; never decides what is copied.
#pragma once

#include <array>
#include <vector>

#include "../memory/partition-memory.hpp"
#include "tick-changes.hpp"

namespace heddle {

/** A field that is in use, on both sides at one stride. */
struct FieldOnBothSides {
  uint32_t index;
  FieldView front, back;
};

void copyAllRows(const Side& front, Side& back, const std::vector<FieldOnBothSides>& fields);

/** What the tick of the front side has changed. Positions that were swept over are left. */
void copyChanges(const Side& front, Side& back, const std::vector<FieldOnBothSides>& fields,
                 const TickChanges& changes);

/** The values of a field, or that there are none: of each of `fromRows` to the one of
 * `toRows`. What says that it is longer than a row of `from` is none. */
void copyValues(const FieldView& from, const uint32_t* fromRows, const FieldView& to,
                const uint32_t* toRows, size_t count);

/** Positions that are brought to the back side only when they are needed. */
class PositionTakeover {
 public:
  /** `taken` rows of the back side are up to date; the others follow. */
  void begin(const Side& front, Side& back, uint32_t taken);
  /** Brings the positions below `to` to the back side, and on top of them those of arrivals. */
  void take(uint32_t to);
  /** An entity arrived in a row. */
  void arrive(uint32_t row, const std::array<float, 3>& position);

 private:
  struct Arrival {
    uint32_t row;
    std::array<float, 3> position;
  };
  const Side* front_ = nullptr;
  Side* back_ = nullptr;
  uint32_t taken_ = 0;
  std::vector<Arrival> arrived_;
};

}  // namespace heddle
