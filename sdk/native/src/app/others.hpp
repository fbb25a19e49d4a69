// The entities of other apps that this one can see in a tick, gathered from all its subscriptions,
// each once.
// Owns the copies and their order; made when somebody asks, at most once in a tick. Its cost grows
// with what the subscriptions cover.
#pragma once

#include <map>
#include <unordered_set>
#include <vector>

#include "../owner/partition-owner.hpp"
#include "../reader/subscription.hpp"

namespace heddle {

using Subscriptions = std::map<uint32_t, Subscription>;

class Others {
 public:
  explicit Others(PartitionOwner& owner) : owner_(owner) {}

  /**
   * Gathers what can be seen in the open tick; nothing where that is done already. `version` grows
   * when a subscription is made, moved or deleted. True where something was gathered.
   */
  bool gather(Subscriptions& subscriptions, uint64_t version);

  /** So many can be seen. */
  uint32_t count = 0;
  /** Behind them come those that have just become this app's own, as of the tick before. */
  uint32_t countWithArrivals() const { return uint32_t(ids.size()); }
  std::vector<double> ids;
  std::vector<uint32_t> types;
  /** x, y, z each. */
  std::vector<float> positions;
  /**
   * Where each one is, as of the tick before; those that have just left this app are still in its
   * partition.
   */
  std::vector<uint32_t> partitions, rows;
  /** Ids of the entities that have just left this app. */
  std::unordered_set<double> departed;

 private:
  using Ids = std::unordered_set<double>;
  void addCovered(const CoveredRows& covered, const Ids& arrived, Ids* met);
  void addDeparted(const Subscriptions& subscriptions, Ids* met);
  void addArrivals(const std::vector<double>& arrived);
  void add(uint32_t partition, uint32_t row, const Side& side);

  PartitionOwner& owner_;
  double tick_ = -1;
  uint64_t version_ = 0;
};

}  // namespace heddle
