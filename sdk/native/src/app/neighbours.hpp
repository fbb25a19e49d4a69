// Answers to single questions of who is near a place: this app's own entities, and others as far as
// its subscriptions cover them, each once, as of the tick before.
// Owns the answer, the others sorted by place, and, where many questions come in a tick, the own
// ones too; for all entities at once there is the neighbourhood.
#pragma once

#include <vector>

#include "heddle.h"
#include "others.hpp"
#include "place-grid.hpp"

namespace heddle {

class Neighbours {
 public:
  Neighbours(Fabric& fabric, PartitionOwner& owner) : fabric_(fabric), owner_(owner) {}

  /** `others` are gathered for the open tick. Good until the next call. */
  const std::vector<heddle_neighbour>& find(const Others& others, float x, float y, float radius);
  /** Other entities of others can be seen than at the last question. */
  void forget() {
    isSorted_ = isOwnSorted_ = false;
    questions_ = 0;
  }

 private:
  void addOwn(const Others& others, float x, float y, float radius);
  bool isWorthSorting() const;
  void addOthers(const Others& others, float x, float y, float radius);

  Fabric& fabric_;
  PartitionOwner& owner_;
  PlaceGrid grid_, ownGrid_;
  bool isSorted_ = false, isOwnSorted_ = false;
  /** Since the others are known. */
  uint32_t questions_ = 0;
  PlaceList found_;
  std::vector<heddle_neighbour> answer_;
};

}  // namespace heddle
