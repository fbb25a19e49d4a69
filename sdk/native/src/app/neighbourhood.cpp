// Takes the picture, and lists neighbours.

#include "neighbourhood.hpp"

#include <algorithm>
#include <cstring>

namespace heddle {

namespace {

/** No shape asks for more. */
constexpr uint64_t alignMax = 64;

template <class Number>
void join(std::vector<Number>& into, const Number* own, size_t ownCount, const Number* others,
          size_t otherCount) {
  if (into.size() < ownCount + otherCount) into.resize((ownCount + otherCount) * 3 / 2);
  std::copy_n(own, ownCount, into.begin());
  std::copy_n(others, otherCount, into.begin() + std::ptrdiff_t(ownCount));
}

}  // namespace

heddle_neighbourhood Neighbourhood::take(PartitionOwner& owner, const Others& others, float radius,
                                         bool withList) {
  const Side& own = *owner.back;
  ownRows_ = owner.rows();
  count_ = ownRows_ + others.count;
  join(ids_, own.id, ownRows_, others.ids.data(), others.count);
  join(types_, own.type, ownRows_, others.types.data(), others.count);
  join(positions_, owner.position(), size_t(ownRows_) * 3, others.positions.data(),
       size_t(others.count) * 3);
  grid_.build(radius, positions_.data(), count_, own.state, ownRows_);
  if (withList) listAll(own.state, radius);
  return {ownRows_,
          count_,
          ids_.data(),
          types_.data(),
          positions_.data(),
          withList ? starts_.data() : nullptr,
          withList ? list_.data() : nullptr};
}

void Neighbourhood::listAll(const uint8_t* states, double radius) {
  if (starts_.size() < size_t(ownRows_) + 1) starts_.resize((size_t(ownRows_) + 1) * 3 / 2);
  if (list_.empty()) list_.resize(1024);
  const double square = radius * radius;
  const uint32_t* sorted = grid_.sorted.data();
  const float* sortedX = grid_.sortedX.data();
  const float* sortedY = grid_.sortedY.data();
  uint32_t end = 0;
  for (uint32_t own = 0; own < ownRows_; own++) {
    starts_[own] = end;
    if (states[own] == 0) continue;
    const double x = positions_[uint64_t(own) * 3], y = positions_[uint64_t(own) * 3 + 1];
    grid_.eachRun(x, y, radius, [&](const PlaceGrid::Run& run) {
      const size_t most = size_t(end) + (run.to - run.from);
      if (list_.size() < most) list_.resize(std::max(most, list_.size() * 2));
      uint32_t* list = list_.data();
      // Written whether it is near or not: no branch that can't be foretold.
      for (uint32_t place = run.from; place < run.to; place++) {
        const double dx = double(sortedX[place]) - x, dy = double(sortedY[place]) - y;
        list[end] = sorted[place];
        end += uint32_t(dx * dx + dy * dy <= square) & uint32_t(sorted[place] != own);
      }
    });
  }
  starts_[ownRows_] = end;
}

heddle_field_view Neighbourhood::field(Fabric& fabric, const PartitionOwner& owner,
                                       const Others& others, const heddle_shape& shape) {
  const uint64_t unit = std::max(4u, shape.align_bytes);
  const uint64_t stride = (shape.bytes + unit - 1) / unit * unit;
  std::vector<uint8_t>& values = values_[shape.index];
  values.assign(count_ * stride + alignMax, 0);
  const uint64_t start = reinterpret_cast<uintptr_t>(values.data());
  uint8_t* data = values.data() + (alignMax - start % alignMax);
  const int32_t present = int32_t(shape.bytes) + 1;
  const auto copy = [&](const FieldView& from, uint32_t row, uint64_t entry) {
    if (from && from.length[row] == present)
      std::memcpy(data + entry * stride, from.of(row), shape.bytes);
  };
  const FieldView& own = owner.field(shape.index);
  for (uint32_t row = 0; row < ownRows_; row++) copy(own, row, row);
  std::map<uint32_t, FieldView> views;
  const FieldView* view = nullptr;
  for (uint32_t place = 0; place < others.count; place++) {
    const uint32_t partition = others.partitions[place];
    if (place == 0 || partition != others.partitions[place - 1]) {
      const auto [found, isNew] = views.try_emplace(partition);
      if (isNew)
        found->second =
            fabric.partition(partition).field(uint64_t(owner.tick - 1) % 2, shape.index);
      view = &found->second;
    }
    copy(*view, others.rows[place], ownRows_ + place);
  }
  return {data, uint32_t(stride), nullptr};
}

const std::vector<uint32_t>& Neighbourhood::at(float x, float y, float radius) {
  found_.clear();
  grid_.eachNear(x, y, radius, [this](uint32_t entry) { found_.push_back(entry); });
  return found_;
}

}  // namespace heddle
