// Looks around places.

#include "neighbours.hpp"

#include "../reader/box-query.hpp"

namespace heddle {

const std::vector<heddle_neighbour>& Neighbours::find(const Others& others, float x, float y,
                                                      float radius) {
  if (!isSorted_)
    grid_.build(radius, others.positions.data(), others.countWithArrivals(), nullptr, 0);
  isSorted_ = true;
  answer_.clear();
  addOwn(others, x, y, radius);
  addOthers(others, x, y, radius);
  return answer_;
}

void Neighbours::addOwn(const Others& others, float x, float y, float radius) {
  owner_.keepWholeIndex();
  const Side& front = *owner_.front;
  const auto add = [&](uint32_t row) {
    const double id = front.id[row];
    if (others.departed.count(id) != 0) return;
    const float* at = front.position + uint64_t(row) * 3;
    answer_.push_back(
        {{uint64_t(id), front.type[row], owner_.index, row}, {at[0], at[1], at[2]}});
  };
  if (!isOwnSorted_ && isWorthSorting()) {
    ownGrid_.build(radius, front.position, front.rows(), front.state, front.rows());
    isOwnSorted_ = true;
  }
  if (isOwnSorted_) {
    ownGrid_.eachNear(x, y, radius, add);
    return;
  }
  questions_++;
  found_.clear();
  const Box box{double(x) - radius, double(y) - radius, double(x) + radius, double(y) + radius};
  findInBox(fabric_, owner_.memory, owner_.tick - 1, box, found_);
  for (const Place& place : found_) {
    const double dx = double(place.x) - x, dy = double(place.y) - y;
    if (dx * dx + dy * dy <= double(radius) * radius) add(place.row);
  }
}

/** Without an index a question looks at all rows; with one it costs about as much as 64 of them. */
bool Neighbours::isWorthSorting() const {
  const bool isIndexed = owner_.front->get(HEDDLE_SIDE_AT_INDEXED) == 1;
  return questions_ > (isIndexed ? owner_.front->rows() / 64 : 3);
}

void Neighbours::addOthers(const Others& others, float x, float y, float radius) {
  grid_.eachNear(x, y, radius, [&](uint32_t entry) {
    const uint32_t partition = others.partitions[entry];
    const bool hasDeparted = entry < others.count && partition == owner_.index;
    const uint32_t row = hasDeparted ? HEDDLE_DEPARTED_ROW : others.rows[entry];
    const float* at = others.positions.data() + uint64_t(entry) * 3;
    answer_.push_back({{uint64_t(others.ids[entry]), others.types[entry], partition, row},
                       {at[0], at[1], at[2]}});
  });
}

}  // namespace heddle
