// Opens and widens data fields.

#include "owner-fields.hpp"

#include <algorithm>
#include <cstring>

namespace heddle {

bool OwnerFields::begin(double tick, bool follows) {
  backNumber_ = uint32_t(uint64_t(tick) % 2);
  hasGrown = false;
  const Side& front = memory_.side(tick + 1);
  Side& back = memory_.side(tick);
  bool changed = false;
  if (follows) {
    for (const uint32_t field : inUse_)
      if (open(field, front.stride(field), back)) changed = true;
    return changed;
  }
  inUse_.clear();
  for (uint32_t field = 1; field <= HEDDLE_FIELD_INDEX_MAX; field++) {
    const uint32_t stride = front.stride(field);
    if (open(field, stride, back)) changed = true;
    if (stride != 0) inUse_.push_back(field);
  }
  return changed;
}

/** True where the back side had another stride. */
bool OwnerFields::open(uint32_t field, uint32_t stride, Side& back) {
  const bool changed = back.fieldStride[field] != stride;
  if (changed) back.fieldStride[field] = stride;
  views_[field] = stride == 0 ? FieldView() : memory_.field(backNumber_, field);
  return changed;
}

std::vector<FieldOnBothSides> OwnerFields::onBothSides() {
  std::vector<FieldOnBothSides> both;
  for (const uint32_t field : inUse_)
    both.push_back({field, memory_.field(1 - backNumber_, field), views_[field]});
  return both;
}

void OwnerFields::clear(uint32_t row) {
  for (const uint32_t field : inUse_) views_[field].length[row] = 0;
}

bool OwnerFields::mayHave(uint32_t row, uint32_t field) const {
  const uint32_t most = memory_.sizes.fieldsPerEntity;
  if (most >= HEDDLE_FIELD_INDEX_MAX || (views_[field] && views_[field].length[row] != 0))
    return true;
  uint32_t count = 0;
  for (const uint32_t index : inUse_)
    if (views_[index].length[row] != 0) count++;
  return count < most;
}

bool OwnerFields::reserve(uint32_t field, uint32_t bytes, uint32_t rows, uint32_t alignBytes) {
  const uint32_t now = views_[field].stride;
  if (now != 0 && bytes <= now && now % alignBytes == 0) return true;
  uint32_t stride = uint32_t(heddle_stride_for(bytes, now, memory_.sizes));
  while (stride % alignBytes != 0) stride += 4;
  return widen(field, stride, rows);
}

bool OwnerFields::widen(uint32_t field, uint32_t stride, uint32_t rows) {
  const uint64_t before = views_[field].stride;
  if (stride <= before) return true;
  if (!memory_.ensureField(field, stride)) return false;
  hasGrown = true;
  const FieldView view = memory_.openField(backNumber_, field, stride);
  views_[field] = view;
  if (before == 0) {
    inUse_.push_back(field);
    std::fill_n(view.length, rows, 0);
    return true;
  }
  // The same memory at a wider stride: from the last row down, nothing is overwritten before it has
  // moved.
  for (uint64_t row = rows; row-- > 1;)
    std::memmove(view.data + row * stride, view.data + row * before, before);
  return true;
}

}  // namespace heddle
