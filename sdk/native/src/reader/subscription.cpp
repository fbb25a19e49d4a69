// Looks at what a box covers, and tells what changed.

#include "subscription.hpp"

#include <algorithm>
#include <cmath>

#include "box-query.hpp"

namespace heddle {

Subscription::Subscription(Fabric& fabric, uint32_t owner, uint32_t domain, const Box& box)
    : domain(domain), fabric_(fabric), owner_(owner), box_(box) {
  moveTo(box);
}

void Subscription::moveTo(const Box& box) {
  box_ = box;
  coveredAt_ = -1;
  const auto& grid = fabric_.world.domains[domain].grid;
  cells_ = grid ? grid->cellsTouching(box) : std::vector<uint32_t>();
}

const std::vector<CoveredRows>& Subscription::covered(double tick) {
  if (tick == coveredAt_) return covered_;
  coveredAt_ = tick;
  size_t count = 0;
  for (const uint32_t partition : partitionsToRead(tick)) {
    if (count == covered_.size()) covered_.emplace_back();
    CoveredRows& rows = covered_[count];
    rows.memory = &fabric_.partition(partition);
    rows.places.clear();
    findInBox(fabric_, *rows.memory, tick, box_, rows.places);
    if (!rows.places.empty()) count++;
  }
  covered_.resize(count);
  return covered_;
}

std::vector<SubscriptionEvent> Subscription::look(double tick) {
  std::vector<SubscriptionEvent> removed, events;
  if (tick == lookedAt_) return events;
  const double since = lookedAt_;
  lookedAt_ = tick;
  size_t inside = 0;
  RowList rows;
  for (const CoveredRows& covered : this->covered(tick)) {
    const Side& side = covered.memory->side(tick);
    rows.clear();
    for (const Place& place : covered.places) rows.push_back(place.row);
    sortUnique(rows);
    for (const uint32_t row : rows) {
      const double id = side.id[row];
      // What its app wrote over: no entity has such an id.
      if (std::isnan(id)) continue;
      const SeenEntity now{id, side.type[row], covered.memory->index, row};
      const auto [place, isNew] = seen_.try_emplace(id, Seen{now, nextOrder_, tick});
      Seen& seen = place->second;
      if (isNew) {
        nextOrder_++;
        inside++;
        events.push_back({EventKind::added, now});
        continue;
      }
      if (seen.lookedAt != tick) inside++;
      seen.lookedAt = tick;
      const bool moved = seen.entity.partition != now.partition;
      seen.entity.partition = now.partition;
      seen.entity.row = row;
      if (moved || side.changedSince(row, since))
        events.push_back({EventKind::updated, seen.entity});
    }
  }
  if (seen_.size() > inside) {
    std::vector<Seen> gone;
    for (auto place = seen_.begin(); place != seen_.end();) {
      if (place->second.lookedAt == tick) {
        ++place;
        continue;
      }
      gone.push_back(place->second);
      place = seen_.erase(place);
    }
    std::sort(gone.begin(), gone.end(),
              [](const Seen& one, const Seen& other) { return one.order < other.order; });
    for (const Seen& seen : gone) removed.push_back({EventKind::removed, seen.entity});
  }
  removed.insert(removed.end(), events.begin(), events.end());
  return removed;
}

std::vector<SeenEntity> Subscription::seen() const {
  std::vector<const Seen*> sorted;
  for (const auto& [id, seen] : seen_) sorted.push_back(&seen);
  std::sort(sorted.begin(), sorted.end(),
            [](const Seen* one, const Seen* other) { return one->order < other->order; });
  std::vector<SeenEntity> entities;
  for (const Seen* seen : sorted) entities.push_back(seen->entity);
  return entities;
}

/**
 * Where an entity in the box may be, in ascending order: where nobody strays, the owners of the
 * cells that the box touches, and who hands something to them.
 */
std::vector<uint32_t> Subscription::partitionsToRead(double tick) {
  std::vector<uint32_t> found;
  const Domain& on = fabric_.world.domains[domain];
  if (!on.grid || fabric_.control.straying() > 0) {
    fabric_.eachPartition([&](uint32_t partition) { found.push_back(partition); });
  } else {
    for (const uint32_t cell : cells_) {
      const uint32_t partition = on.firstPartition + cell;
      found.push_back(partition);
      const Side& side = fabric_.partition(partition).side(tick);
      const uint32_t groups = std::min(side.get(HEDDLE_SIDE_AT_INCOMING_GROUPS),
                                       fabric_.control.sizes().partitionCapacity);
      found.insert(found.end(), side.incomingSource, side.incomingSource + groups);
    }
    sortUnique(found);
  }
  found.erase(std::remove_if(found.begin(), found.end(),
                             [this](uint32_t partition) { return !mayRead(partition); }),
              found.end());
  return found;
}

bool Subscription::mayRead(uint32_t partition) const {
  const Control& control = fabric_.control;
  return partition != owner_ && control.partitionInUse(partition) &&
         uint32_t(control.partitionWord(partition, HEDDLE_PARTITION_AT_DOMAIN)) == domain;
}

}  // namespace heddle
