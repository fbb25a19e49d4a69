// Copies rows from the front side to the back side.

#include "takeover.hpp"

#include <algorithm>
#include <cstring>

namespace heddle {

namespace {

/** Where more entities arrive in a tick, all positions are brought over at once. */
constexpr size_t arrivalsMax = 4096;

template <class Number>
void copyRange(const Number* from, Number* to, uint64_t first, uint64_t end) {
  if (first < end) std::memcpy(to + first, from + first, (end - first) * sizeof(Number));
}

void copyHeads(const FieldView& from, const FieldView& to, uint32_t first, uint32_t end) {
  copyRange(from.length, to.length, first, end);
  copyRange(from.typeId, to.typeId, first, end);
}

void copyData(const FieldView& from, const FieldView& to, uint32_t first, uint32_t end) {
  const uint64_t stride = to.stride;
  copyRange(from.data, to.data, first * stride, end * stride);
}

}  // namespace

void copyAllRows(const Side& front, Side& back, const std::vector<FieldOnBothSides>& fields) {
  const uint32_t rows = front.rows();
  copyRange(front.id, back.id, 0, rows);
  copyRange(front.type, back.type, 0, rows);
  copyRange(front.state, back.state, 0, rows);
  copyRange(front.destination, back.destination, 0, rows);
  copyRange(front.changed, back.changed, 0, rows);
  copyRange(front.position, back.position, 0, uint64_t(rows) * 3);
  for (const FieldOnBothSides& field : fields) {
    copyHeads(field.front, field.back, 0, rows);
    copyData(field.front, field.back, 0, rows);
  }
}

void copyChanges(const Side& front, Side& back, const std::vector<FieldOnBothSides>& fields,
                 const TickChanges& changes) {
  const auto& [rows, position, stamps, sweeps, fieldChanges] = changes;
  copyRange(front.changed, back.changed, stamps.from, stamps.to);
  if (!sweeps && !position.isEmpty())
    copyRange(front.position, back.position, uint64_t(position.from) * 3,
              uint64_t(position.to) * 3);
  // Of rows that were freed no more than that. Rows lie far apart, each column on other pages: a
  // loop for each column lets the processor look up many at once.
  RowList used;
  used.reserve(rows.size());
  for (const uint32_t row : rows) {
    back.state[row] = front.state[row];
    if (front.state[row] != rowFree) used.push_back(row);
  }
  for (const uint32_t row : rows) back.changed[row] = front.changed[row];
  for (const uint32_t row : used) back.id[row] = front.id[row];
  for (const uint32_t row : used) back.type[row] = front.type[row];
  for (const uint32_t row : used) back.destination[row] = front.destination[row];
  for (const uint32_t row : used)
    std::memcpy(back.position + uint64_t(row) * 3, front.position + uint64_t(row) * 3, 12);
  for (const FieldOnBothSides& field : fields) {
    const auto& [data, heads] = fieldChanges[field.index];
    if (!data.isEmpty()) copyData(field.front, field.back, data.from, data.to);
    if (!heads.isEmpty()) copyHeads(field.front, field.back, heads.from, heads.to);
    copyValues(field.front, used.data(), field.back, used.data(), used.size());
  }
}

void copyValues(const FieldView& from, const uint32_t* fromRows, const FieldView& to,
                const uint32_t* toRows, size_t count) {
  for (size_t place = 0; place < count; place++) {
    const int32_t said = from.length[fromRows[place]];
    const int32_t length = said > 0 && uint32_t(said) <= from.stride + 1 ? said : 0;
    to.length[toRows[place]] = length;
    to.typeId[toRows[place]] = from.typeId[fromRows[place]];
    const uint32_t bytes = (uint32_t(length) + 2) / 4 * 4;
    std::memcpy(to.of(toRows[place]), from.of(fromRows[place]), bytes);
  }
}

void PositionTakeover::begin(const Side& front, Side& back, uint32_t taken) {
  front_ = &front;
  back_ = &back;
  taken_ = taken;
  arrived_.clear();
}

void PositionTakeover::take(uint32_t to) {
  const uint32_t from = taken_;
  if (from >= to) return;
  const uint32_t known = std::min(to, front_->rows());
  copyRange(front_->position, back_->position, uint64_t(from) * 3, uint64_t(known) * 3);
  for (const Arrival& arrival : arrived_)
    if (arrival.row >= from && arrival.row < to)
      std::memcpy(back_->position + uint64_t(arrival.row) * 3, arrival.position.data(), 12);
  taken_ = to;
}

void PositionTakeover::arrive(uint32_t row, const std::array<float, 3>& position) {
  if (arrived_.size() == arrivalsMax) take(front_->rows());
  if (row >= taken_ && row < front_->rows())
    arrived_.push_back({row, position});
  else
    std::memcpy(back_->position + uint64_t(row) * 3, position.data(), 12);
}

}  // namespace heddle
