// Answers to questions of who is near a place: this app's own entities, and others as far as its
// subscriptions cover them, each once, as of the tick before.
// Owns the picture of the others; made when somebody asks, at most once in a tick.
#pragma once

#include <map>
#include <vector>

#include "../owner/partition-owner.hpp"
#include "../reader/subscription.hpp"
#include "heddle.h"

namespace heddle {

using Subscriptions = std::map<uint32_t, Subscription>;

class Neighbours {
 public:
  Neighbours(Fabric& fabric, PartitionOwner& owner) : fabric_(fabric), owner_(owner) {}

  /** `version` grows when a subscription is made, moved or deleted. Good until the next call. */
  const std::vector<heddle_neighbour>& find(Subscriptions& subscriptions, uint64_t version, float x,
                                            float y, float radius);

 private:
  void gather(Subscriptions& subscriptions);
  void gatherCovered(Subscriptions& subscriptions, const std::vector<double>& arrived);
  void gatherDeparted(Subscriptions& subscriptions);
  void gatherArrivals(const std::vector<double>& arrived);
  void sortIntoBins();
  void addOwn(float x, float y, float radius);
  void addOthers(float x, float y, float radius);

  Fabric& fabric_;
  PartitionOwner& owner_;
  double tick_ = -1;
  uint64_t version_ = 0;
  std::vector<heddle_neighbour> others_;
  /** Of `others_`, by bin of `box_`; the starts are one a bin, and one more. */
  std::vector<uint32_t> starts_, binned_;
  Box box_;
  uint32_t binsPerAxis_ = 1;
  /** Ids of the entities that have just left this app. */
  std::vector<double> departed_;
  PlaceList found_;
  std::vector<heddle_neighbour> answer_;
};

}  // namespace heddle
