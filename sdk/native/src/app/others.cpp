// Gathers the entities of others.

#include "others.hpp"

#include <unordered_map>

namespace heddle {

bool Others::gather(Subscriptions& subscriptions, uint64_t version) {
  if (tick_ == owner_.tick && version_ == version) return false;
  tick_ = owner_.tick;
  version_ = version;
  for (auto* numbers : {&types, &partitions, &rows}) numbers->clear();
  ids.clear();
  positions.clear();
  departed.clear();
  for (const Removed& removed : owner_.ownership.removed) departed.insert(removed.id);
  const std::vector<double> addedIds = owner_.addedIds();
  const Ids arrived(addedIds.begin(), addedIds.end());
  Ids metIds;
  // Only where boxes may overlap can an entity be met twice.
  Ids* met = subscriptions.size() > 1 ? &metIds : nullptr;
  for (auto& [id, subscription] : subscriptions)
    for (const CoveredRows& covered : subscription.covered(owner_.tick - 1))
      addCovered(covered, arrived, met);
  addDeparted(subscriptions, met);
  count = uint32_t(ids.size());
  addArrivals(addedIds);
  return true;
}

void Others::addCovered(const CoveredRows& covered, const Ids& arrived, Ids* met) {
  const Side& side = covered.memory->side(owner_.tick - 1);
  for (const Place& place : covered.places) {
    const double id = side.id[place.row];
    if (side.state[place.row] == rowLeaving && arrived.count(id) != 0) continue;
    if (met && !met->insert(id).second) continue;
    add(covered.memory->index, place.row, side);
  }
}

/** Those that left with the last tick: their new owners show them from the next one on. */
void Others::addDeparted(const Subscriptions& subscriptions, Ids* met) {
  for (const Removed& removed : owner_.ownership.removed) {
    const float* at = owner_.front->position + uint64_t(removed.row) * 3;
    for (const auto& [id, subscription] : subscriptions) {
      if (subscription.domain != owner_.domain || !contains(subscription.box(), at[0], at[1]))
        continue;
      if (!met || met->insert(removed.id).second)
        add(owner_.index, removed.row, *owner_.front);
      break;
    }
  }
}

/** Those that came with the last tick, where they were when they were granted to this app. */
void Others::addArrivals(const std::vector<double>& arrived) {
  std::unordered_map<double, uint32_t> rowOf;
  for (size_t place = 0; place < arrived.size(); place++)
    rowOf[arrived[place]] = owner_.ownership.added[place];
  owner_.eachArrivingGroup([&](const ArrivingGroup& group) {
    const Side& side = group.memory.side(owner_.tick - 1);
    for (uint32_t place = 0; place < group.granted; place++) {
      add(owner_.index, group.rows[place], side);
      rows.back() = rowOf[side.id[group.rows[place]]];
    }
  });
}

void Others::add(uint32_t partition, uint32_t row, const Side& side) {
  const float* at = side.position + uint64_t(row) * 3;
  ids.push_back(side.id[row]);
  types.push_back(side.type[row]);
  positions.insert(positions.end(), at, at + 3);
  partitions.push_back(partition);
  rows.push_back(row);
}

}  // namespace heddle
