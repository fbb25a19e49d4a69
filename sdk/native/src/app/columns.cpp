// This app's own entities as columns, and calls for many rows. Never copies.

#include <algorithm>
#include <bitset>
#include <cstring>
#include <unordered_set>

#include "../failure.hpp"
#include "application.hpp"
#include "texts.hpp"

namespace heddle {

namespace {
/** About as many positions as the processor's nearest memory holds. */
constexpr uint32_t sweepRows = 1024;
/** Ids are whole numbers below this. */
constexpr double idMax = 9007199254740992.0;
}  // namespace

heddle_columns Application::columns() {
  heddle_columns columns = rows();
  columns.positions = owner_.position();
  return columns;
}

heddle_columns Application::rows() const {
  requireOpen();
  const Side& back = *owner_.back;
  return {owner_.rows(), owner_.population(), back.id, back.type, back.state, nullptr};
}

heddle_entity Application::entityAt(uint32_t row) {
  requireOpen();
  if (row >= owner_.rows() || owner_.back->state[row] == rowFree)
    throw Failure(HEDDLE_NOT_FOUND, "row " + std::to_string(row) + " holds no entity of this app");
  return {uint64_t(owner_.back->id[row]), owner_.back->type[row], owner_.index, row};
}

void Application::createMany(uint32_t type, uint32_t count, uint32_t* rows) {
  requireOpen();
  checkType(type);
  const uint64_t population = owner_.population() + uint64_t(count);
  const uint32_t limit = owner_.memory.sizes.entityLimit;
  if (population > limit)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "the partition holds " +
                                                std::to_string(owner_.population()) +
                                                " entities and takes no " + std::to_string(count) +
                                                " more (limit " + std::to_string(limit) + ")");
  if (!owner_.memory.ensureRows(std::max(owner_.rows(), uint32_t(population))))
    throw Failure(HEDDLE_CAPACITY_EXCEEDED,
                  "no room for " + std::to_string(count) + " entities: " + owner_.memory.refusal());
  for (uint32_t made = 0; made < count; made++) rows[made] = create(type, nullptr).row;
}

heddle_tick_rows Application::tickRows() {
  requireOpen();
  const OwnershipOfTick& ownership = owner_.ownership;
  departedRowsLent_.clear();
  departedIdsLent_.clear();
  for (const Removed& removed : ownership.removed) {
    departedRowsLent_.push_back(removed.row);
    departedIdsLent_.push_back(removed.id);
  }
  return {ownership.added.data(),    ownership.added.size(),    departedRowsLent_.data(),
          departedIdsLent_.data(),   departedRowsLent_.size(),  ownership.rejected.data(),
          ownership.rejected.size()};
}

void Application::rowsOf(const double* ids, size_t count, int64_t* rows) {
  requireOpen();
  std::fill_n(rows, count, -1);
  std::vector<std::pair<double, size_t>> wanted(count);
  // Most rows are of nobody that is wanted: a bit by the end of the id says so at once.
  std::bitset<65536> ends;
  for (size_t place = 0; place < count; place++) {
    wanted[place] = {ids[place], place};
    if (ids[place] >= 0 && ids[place] < idMax) ends.set(uint64_t(ids[place]) % ends.size());
  }
  std::sort(wanted.begin(), wanted.end());
  const Side& back = *owner_.back;
  for (uint32_t row = 0; row < owner_.rows(); row++) {
    const double id = back.id[row];
    if (!ends[uint64_t(id) % ends.size()] || back.state[row] == rowFree) continue;
    auto place = std::lower_bound(wanted.begin(), wanted.end(), std::make_pair(id, size_t(0)));
    for (; place != wanted.end() && place->first == id; ++place) rows[place->second] = row;
  }
}

void Application::removeMany(const uint32_t* rows, size_t count) {
  requireEntities(rows, count);
  const std::unordered_set<uint32_t> different(rows, rows + count);
  if (different.size() < count)
    throw Failure(HEDDLE_NOT_FOUND,
                  "a row is named twice: its entity can be deleted only once");
  for (size_t place = 0; place < count; place++) owner_.remove(rows[place]);
  metrics_.deleted_entity += uint32_t(count);
}

void Application::moved(uint32_t from, uint32_t to) {
  checkRange(from, to);
  owner_.moved(from, to);
}

void Application::touched(const uint32_t* rows, size_t count) {
  requireOpen();
  for (size_t place = 0; place < count; place++) {
    entityAt(rows[place]);
    if (owner_.isOutside(rows[place])) refuseOutside(rows[place]);
  }
  for (size_t place = 0; place < count; place++) owner_.touch(rows[place]);
}

void Application::sweep(heddle_sweep_body body, void* context) {
  requireOpen();
  const uint32_t rows = owner_.rows();
  float* positions = owner_.back->position;
  for (uint32_t from = 0; from < rows; from += sweepRows) {
    const uint32_t to = std::min(rows, from + sweepRows);
    owner_.beginPiece(from, to);
    body(context, positions, from, to);
    owner_.endPiece(from, to);
  }
  owner_.endSweep();
}

heddle_field_column Application::field(const heddle_shape& shape) {
  const FieldView view = viewOf(shape);
  return {view.data, view.stride, view.length};
}

void Application::stored(const heddle_shape& shape, uint32_t from, uint32_t to) {
  checkRange(from, to);
  viewOf(shape);
  const int64_t full = owner_.storedField(shape.index, shape.type_id, shape.bytes, from, to);
  if (full >= 0) refuseFurtherField(uint32_t(full));
  metrics_.store_field += to - from;
}

void Application::give(const heddle_shape& shape, const uint32_t* rows, size_t count) {
  const FieldView view = viewOf(shape);
  requireEntities(rows, count);
  for (size_t place = 0; place < count; place++)
    if (!owner_.mayHaveField(rows[place], shape.index)) refuseFurtherField(rows[place]);
  for (size_t place = 0; place < count; place++) {
    const uint32_t row = rows[place];
    if (view.length[row] == 0) std::memset(view.of(row), 0, shape.bytes);
    view.length[row] = int32_t(shape.bytes) + 1;
    view.typeId[row] = shape.type_id;
    owner_.touch(row);
  }
  metrics_.store_field += uint32_t(count);
}

void Application::take(uint32_t index, const uint32_t* rows, size_t count) {
  requireEntities(rows, count);
  checkFieldIndex(index);
  for (size_t place = 0; place < count; place++) owner_.removeField(rows[place], index);
}

FieldView Application::viewOf(const heddle_shape& shape) {
  requireOpen();
  checkShape(shape);
  const uint32_t most = owner_.memory.sizes.fieldBytesMax;
  if (shape.bytes > most)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "a field holds " + std::to_string(most) +
                                                " bytes, not " + std::to_string(shape.bytes));
  const FieldView view = owner_.shapedField(shape.index, shape.bytes, shape.align_bytes);
  if (!view)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "no room for the field: " + owner_.memory.refusal());
  if (shape.declaration) {
    const std::string text =
        "{\"typeId\":" + std::to_string(shape.type_id) + ",\"shape\":" + shape.declaration + "}";
    if (declared_[shape.index] != text) owner_.memory.declareShape(shape.index, text);
    declared_[shape.index] = text;
  }
  return view;
}

// --- checks

void Application::checkShape(const heddle_shape& shape) const {
  checkFieldIndex(shape.index);
  const uint32_t align = shape.align_bytes;
  if (align == 0 || (align & (align - 1)) != 0 || align > 64)
    throw Failure(HEDDLE_INVALID_ARGUMENT,
                  "a row is aligned to a power of 2 up to 64, not to " + std::to_string(align));
}

void Application::requireEntities(const uint32_t* rows, size_t count) {
  requireOpen();
  for (size_t place = 0; place < count; place++) entityAt(rows[place]);
}

void Application::refuseFurtherField(uint32_t row) {
  throw Failure(HEDDLE_CAPACITY_EXCEEDED,
                "an entity has at most " + std::to_string(owner_.memory.sizes.fieldsPerEntity) +
                    " fields; row " + std::to_string(row) + " has them");
}

void Application::checkRange(uint32_t from, uint32_t to) const {
  requireOpen();
  if (from > to || to > owner_.rows())
    throw Failure(HEDDLE_INVALID_ARGUMENT, "rows " + std::to_string(from) + " to " +
                                               std::to_string(to) + " are not among the " +
                                               std::to_string(owner_.rows()) + " rows");
}

void Application::refuseOutside(uint32_t row) {
  const float* at = owner_.position() + uint64_t(row) * 3;
  throw Failure(HEDDLE_INVALID_ARGUMENT,
                "entity " + std::to_string(uint64_t(owner_.back->id[row])) + " (row " +
                    std::to_string(row) + ") was moved to " + placeText(at[0], at[1]) +
                    ", outside the bounds of the world of this app's domain: move it back");
}

}  // namespace heddle
