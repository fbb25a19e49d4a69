// Gathers the others, sorts them by place, and looks around places.

#include "neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "../reader/box-query.hpp"

namespace heddle {

namespace {

heddle_neighbour neighbourAt(uint32_t partition, uint32_t row, const Side& side) {
  const float* at = side.position + uint64_t(row) * 3;
  return {{uint64_t(side.id[row]), side.type[row], partition, row}, {at[0], at[1], at[2]}};
}

bool isNear(const float* at, float x, float y, float radius) {
  const double dx = double(at[0]) - x, dy = double(at[1]) - y;
  return dx * dx + dy * dy <= double(radius) * radius;
}

}  // namespace

const std::vector<heddle_neighbour>& Neighbours::find(Subscriptions& subscriptions,
                                                      uint64_t version, float x, float y,
                                                      float radius) {
  if (tick_ != owner_.tick || version_ != version) {
    gather(subscriptions);
    sortIntoBins();
    tick_ = owner_.tick;
    version_ = version;
  }
  answer_.clear();
  addOwn(x, y, radius);
  addOthers(x, y, radius);
  return answer_;
}

void Neighbours::gather(Subscriptions& subscriptions) {
  others_.clear();
  departed_.clear();
  for (const Removed& removed : owner_.ownership.removed) departed_.push_back(removed.id);
  std::sort(departed_.begin(), departed_.end());
  const std::vector<double> arrived = owner_.addedIds();
  gatherCovered(subscriptions, arrived);
  gatherDeparted(subscriptions);
  gatherArrivals(arrived);
}

/** Each once, though boxes may overlap; not those that have just come to this app. */
void Neighbours::gatherCovered(Subscriptions& subscriptions, const std::vector<double>& arrived) {
  const double committed = owner_.tick - 1;
  const std::unordered_set<double> own(arrived.begin(), arrived.end());
  std::unordered_set<double> met;
  for (auto& [id, subscription] : subscriptions)
    for (const CoveredRows& covered : subscription.covered(committed)) {
      const Side& side = covered.memory->side(committed);
      for (const Place& place : covered.places) {
        const double entity = side.id[place.row];
        if (side.state[place.row] == rowLeaving && own.count(entity) != 0) continue;
        if (subscriptions.size() > 1 && !met.insert(entity).second) continue;
        others_.push_back(neighbourAt(covered.memory->index, place.row, side));
      }
    }
}

/** Those that left with the last tick: their new owners show them from the next one on. */
void Neighbours::gatherDeparted(Subscriptions& subscriptions) {
  for (const Removed& removed : owner_.ownership.removed) {
    const float* at = owner_.front->position + uint64_t(removed.row) * 3;
    for (const auto& [id, subscription] : subscriptions) {
      if (subscription.domain != owner_.domain || !contains(subscription.box(), at[0], at[1]))
        continue;
      others_.push_back(neighbourAt(owner_.index, removed.row, *owner_.front));
      others_.back().entity.row = HEDDLE_DEPARTED_ROW;
      break;
    }
  }
}

/** Those that came with the last tick, where they were when they were granted to this app. */
void Neighbours::gatherArrivals(const std::vector<double>& arrived) {
  std::unordered_map<double, uint32_t> rowOf;
  for (size_t place = 0; place < arrived.size(); place++)
    rowOf[arrived[place]] = owner_.ownership.added[place];
  owner_.eachArrivingGroup([&](const ArrivingGroup& group) {
    const Side& side = group.memory.side(owner_.tick - 1);
    for (uint32_t place = 0; place < group.granted; place++) {
      heddle_neighbour came = neighbourAt(owner_.index, group.rows[place], side);
      came.entity.row = rowOf[side.id[group.rows[place]]];
      others_.push_back(came);
    }
  });
}

void Neighbours::sortIntoBins() {
  box_ = {INFINITY, INFINITY, -INFINITY, -INFINITY};
  for (const heddle_neighbour& other : others_) {
    if (!std::isfinite(other.position[0]) || !std::isfinite(other.position[1])) continue;
    const double x = other.position[0], y = other.position[1];
    box_ = {std::min(box_.minX, x), std::min(box_.minY, y), std::max(box_.maxX, x),
            std::max(box_.maxY, y)};
  }
  binsPerAxis_ = uint32_t(std::clamp(std::sqrt(double(others_.size()) / 4), 1.0, 512.0));
  const Bins bins(box_, binsPerAxis_);
  starts_.assign(size_t(binsPerAxis_) * binsPerAxis_ + 1, 0);
  binned_.resize(others_.size());
  const auto binOf = [&](const heddle_neighbour& other) {
    return bins.binOf(other.position[0], other.position[1]);
  };
  for (const heddle_neighbour& other : others_) starts_[binOf(other)]++;
  uint32_t sum = 0;
  for (uint32_t& start : starts_) start = sum += start;
  for (size_t place = others_.size(); place-- > 0;)
    binned_[--starts_[binOf(others_[place])]] = uint32_t(place);
}

void Neighbours::addOwn(float x, float y, float radius) {
  owner_.keepWholeIndex();
  found_.clear();
  const Box box{double(x) - radius, double(y) - radius, double(x) + radius, double(y) + radius};
  findInBox(fabric_, owner_.memory, owner_.tick - 1, box, found_);
  for (const Place& place : found_) {
    const float at[] = {place.x, place.y};
    if (isNear(at, x, y, radius) &&
        !std::binary_search(departed_.begin(), departed_.end(), owner_.front->id[place.row]))
      answer_.push_back(neighbourAt(owner_.index, place.row, *owner_.front));
  }
}

void Neighbours::addOthers(float x, float y, float radius) {
  if (others_.empty()) return;
  const Bins bins(box_, binsPerAxis_);
  const uint32_t firstColumn = bins.columnOf(double(x) - radius);
  const uint32_t lastColumn = bins.columnOf(double(x) + radius);
  const uint32_t lastRow = bins.rowOf(double(y) + radius);
  for (uint32_t binRow = bins.rowOf(double(y) - radius); binRow <= lastRow; binRow++) {
    const uint32_t end = starts_[binRow * binsPerAxis_ + lastColumn + 1];
    for (uint32_t at = starts_[binRow * binsPerAxis_ + firstColumn]; at < end; at++) {
      const heddle_neighbour& other = others_[binned_[at]];
      if (isNear(other.position, x, y, radius)) answer_.push_back(other);
    }
  }
}

}  // namespace heddle
