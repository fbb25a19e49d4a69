// A tick of a partition, from begin to finish.

#include "partition-owner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../failure.hpp"

namespace heddle {

namespace {

/** How long all own entities stay in the index after the last question about them. */
constexpr double wholeIndexTicks = 64;
/** For so many more entities than it has does a partition claim rows at least. */
constexpr uint32_t aheadMin = 1024;
/** Of as many rows as there are entities, so many more are used: one free row in so many. */
constexpr uint32_t spareRowsOneIn = 64;

/** Entities that a partition of so many claims rows for: a sixteenth more, in whole steps. */
uint32_t capacityFor(uint32_t population) {
  return uint32_t(heddle_round_up(population + std::max(aheadMin, population >> 4), 256));
}

}  // namespace

PartitionOwner::PartitionOwner(Fabric& fabric, uint32_t partition, const OwnerOptions& options)
    : index(partition),
      memory(fabric.partition(partition)),
      domain(uint32_t(fabric.control.partitionWord(partition, HEDDLE_PARTITION_AT_DOMAIN))),
      fabric_(fabric),
      cell_(fabric.cellOf(partition)),
      indexRowsMin_(options.indexRowsMin),
      readers_(fabric, partition, cell_),
      fields_(memory),
      departures_(fabric.world, partition, domain, cell_, options.refusesOutside),
      peakWatch_(options.peaks) {
  if (cell_) spatialIndex_.emplace(memory, *cell_);
}

float* PartitionOwner::position() {
  positions_.take(rows_);
  return back->position;
}

void PartitionOwner::begin(double newTick) {
  require(newTick == fabric_.control.committedTick() + 1, "a tick that follows the committed one");
  require(newTick != tick, "a tick that is begun once");
  tick = newTick;
  stamp_ = uint32_t(uint64_t(tick));
  backNumber_ = uint32_t(uint64_t(tick) % 2);
  back = &memory.side(tick);
  front = &memory.side(tick + 1);
  ownership = {};
  outgoing_.clear();
  outgoingBytes_ = 0;
  rowsMost_ = 0;
  if (fresh_) memory.recount();
  departures_.begin(*back);
  takeOverFront();
  beginIndex();
  settleLeavers();
  takeInArrivals();
  require(population_ <= memory.sizes.entityLimit, "no more entities than the limit");
  firstAddedIds_.reset();
  if (!fresh_) return;
  ownership.added.clear();
  firstAddedIds_.emplace();
  for (uint32_t row = 0; row < rows_; row++) {
    if (back->state[row] == rowFree) continue;
    ownership.added.push_back(row);
    firstAddedIds_->push_back(back->id[row]);
  }
}

void PartitionOwner::finish() {
  if (sweptTo_ > 0) endSweep();
  rowsMost_ = std::max(rowsMost_, rows_);
  while (rows_ > 0 && back->state[rows_ - 1] == rowFree) rows_--;
  positions_.take(rows_);
  departures_.write(
      {rows_, fresh_ || front->get(HEDDLE_SIDE_AT_STRAYS) != 0, changes_.rows, ownership.rejected});
  if (publishInterests(*back, *front, interests) || fresh_)
    memory.setAppTick(HEDDLE_APP_AT_INTERESTS_TICK, tick);
  writeMessages(memory, backNumber_, outgoing_);
  back->set(HEDDLE_SIDE_AT_ROWS, rows_);
  back->set(HEDDLE_SIDE_AT_NEXT_ROW, nextRow_);
  back->set(HEDDLE_SIDE_AT_POPULATION, population_);
  back->set(HEDDLE_SIDE_AT_CAPACITY, claimAhead());
  if (fields_.hasGrown || fresh_) memory.setAppTick(HEDDLE_APP_AT_FIELDS_TICK, tick);
  if (!spatialIndex_)
    // A process that died may have left anything there.
    back->set(HEDDLE_SIDE_AT_INDEXED, 0);
  else
    spatialIndex_->finish(
        tick, rows_, {changes_.rows, !changes_.position.isEmpty(), departures_.scanned(rows_)});
  back->setNumber(HEDDLE_SIDE_AT_ID_COUNTER, idCounter_);
  back->setNumber(HEDDLE_SIDE_AT_TICK, tick);
  fresh_ = false;
  peakWatch_.endTick(memory, {rowsMost_, uint32_t(outgoing_.size()), outgoingBytes_,
                              back->get(HEDDLE_SIDE_AT_INDEXED) == 1});
}

bool PartitionOwner::hasMade(double id) const {
  const auto first = firstIds_.find(std::floor(id / idsPerLane));
  return first != firstIds_.end() && id >= first->second;
}

int64_t PartitionOwner::create(uint32_t type) {
  const int64_t row = allocateRow();
  if (row < 0) return -1;
  back->id[row] = back->number(HEDDLE_SIDE_AT_ID_LANE) * idsPerLane + idCounter_++;
  back->type[row] = type;
  setPosition(uint32_t(row), 0, 0, 0);
  return row;
}

void PartitionOwner::remove(uint32_t row) {
  require(row < rows_ && back->state[row] != rowFree, "a row that holds an entity");
  freeRow(row);
}

void PartitionOwner::touch(uint32_t row) {
  if (row >= listedIn_.size()) listedIn_.resize(std::max(size_t(row) + 1, listedIn_.size() * 2));
  if (listedIn_[row] == begins_) return;
  listedIn_[row] = begins_;
  back->changed[row] = stamp_;
  changes_.rows.push_back(row);
}

void PartitionOwner::setPosition(uint32_t row, float x, float y, float z) {
  positions_.take(std::max(rows_, row + 1));
  float* at = back->position + uint64_t(row) * 3;
  at[0] = x;
  at[1] = y;
  at[2] = z;
  touch(row);
}

void PartitionOwner::moved(uint32_t from, uint32_t to) {
  if (from >= to) return;
  positions_.take(to);
  changes_.position.add(from, to);
  markChanged(from, to);
  departures_.lookAround(from, to, spatialIndex_ ? spatialIndex_->quiet : std::optional<Box>());
}

void PartitionOwner::beginPiece(uint32_t from, uint32_t to) {
  positions_.take(to);
  pieceAt_ = from;
  sweptTo_ = to;
}

void PartitionOwner::endPiece(uint32_t from, uint32_t to) {
  pieceAt_ = -1;
  changes_.position.add(from, to);
  changes_.sweeps = true;
  departures_.lookAround(from, to, spatialIndex_ ? spatialIndex_->quiet : std::optional<Box>());
}

void PartitionOwner::endSweep() {
  if (pieceAt_ >= 0) endPiece(uint32_t(pieceAt_), sweptTo_);
  markChanged(0, sweptTo_);
  sweptTo_ = 0;
}

bool PartitionOwner::isOutside(uint32_t row) {
  positions_.take(rows_);
  return departures_.isOutside(row);
}

void PartitionOwner::setDestination(uint32_t row, uint32_t to) {
  back->destination[row] = uint8_t(to + 1);
  touch(row);
}

bool PartitionOwner::storeField(uint32_t row, uint32_t field, uint32_t typeId, const uint8_t* bytes,
                                uint32_t length) {
  if (!fields_.mayHave(row, field) || !fields_.reserve(field, length, rows_)) return false;
  const FieldView& view = fields_.view(field);
  if (length > 0) std::memcpy(view.of(row), bytes, length);
  view.length[row] = int32_t(length) + 1;
  view.typeId[row] = typeId;
  touch(row);
  return true;
}

FieldView PartitionOwner::shapedField(uint32_t field, uint32_t bytes, uint32_t alignBytes) {
  return fields_.reserve(field, bytes, rows_, alignBytes) ? fields_.view(field) : FieldView();
}

int64_t PartitionOwner::storedField(uint32_t field, uint32_t typeId, uint32_t bytes, uint32_t from,
                                    uint32_t to) {
  const FieldView& view = fields_.view(field);
  FieldChange& change = changes_.fields[field];
  for (uint32_t row = from; row < to; row++)
    if (view.length[row] == 0 && back->state[row] != rowFree && !fields_.mayHave(row, field))
      return row;
  const int32_t length = int32_t(bytes) + 1;
  for (uint32_t row = from; row < to; row++) {
    const bool isSame = view.length[row] == length && view.typeId[row] == typeId;
    if (isSame || back->state[row] == rowFree) continue;
    view.length[row] = length;
    view.typeId[row] = typeId;
    change.heads.add(row, row + 1);
  }
  change.data.add(from, to);
  markChanged(from, to);
  return -1;
}

bool PartitionOwner::removeField(uint32_t row, uint32_t field) {
  const FieldView& view = fields_.view(field);
  if (!view || view.length[row] == 0) return false;
  view.length[row] = 0;
  touch(row);
  return true;
}

std::vector<double> PartitionOwner::addedIds() {
  if (firstAddedIds_) return *firstAddedIds_;
  std::vector<double> ids;
  eachArrivingGroup([&](const ArrivingGroup& group) {
    const Side& side = group.memory.side(tick - 1);
    for (uint32_t place = 0; place < group.granted; place++)
      ids.push_back(side.id[group.rows[place]]);
  });
  return ids;
}

void PartitionOwner::keepWholeIndex() { wholeIndexUntil_ = tick + wholeIndexTicks; }

bool PartitionOwner::send(uint32_t target, const uint8_t* payload, uint32_t bytes) {
  if (!maySend(bytes)) return false;
  const uint32_t count = uint32_t(outgoing_.size()) + 1;
  if (!memory.ensureMessages(backNumber_, count, outgoingBytes_ + bytes)) return false;
  outgoing_.push_back({target, std::vector<uint8_t>(payload, payload + bytes)});
  outgoingBytes_ += bytes;
  return true;
}

bool PartitionOwner::maySend(uint32_t bytes) const {
  const Sizes& sizes = memory.sizes;
  return outgoing_.size() < sizes.messageLimit &&
         uint64_t(outgoingBytes_) + bytes <= sizes.messageHeapBytes;
}

// --- begin

void PartitionOwner::takeOverFront() {
  std::swap(changes_, changesBefore_);
  const TickChanges& before = changesBefore_;
  changes_.clear();
  begins_++;
  const uint32_t rows = front->rows();
  const bool follows = !fresh_ && back->number(HEDDLE_SIDE_AT_TICK) == tick - 2;
  const bool strideChanged = fields_.begin(tick, follows);
  const bool copiesAll = !follows || strideChanged || before.rows.size() * 3 > rows;
  if (copiesAll)
    copyAllRows(*front, *back, fields_.onBothSides());
  else
    copyChanges(*front, *back, fields_.onBothSides(), before);
  positions_.begin(*front, *back, !copiesAll && before.sweeps ? 0 : rows);
  rows_ = rows;
  population_ = front->get(HEDDLE_SIDE_AT_POPULATION);
  nextRow_ = front->get(HEDDLE_SIDE_AT_NEXT_ROW);
  idCounter_ = front->number(HEDDLE_SIDE_AT_ID_COUNTER);
  const double idLane = front->number(HEDDLE_SIDE_AT_ID_LANE);
  firstIds_.emplace(idLane, idLane * idsPerLane + idCounter_);
  back->setNumber(HEDDLE_SIDE_AT_ID_LANE, idLane);
  back->setNumber(HEDDLE_SIDE_AT_EVERY_ROW_CHANGED,
                  front->number(HEDDLE_SIDE_AT_EVERY_ROW_CHANGED));
  back->set(HEDDLE_SIDE_AT_HANDOFF_GROUPS, 0);
  back->set(HEDDLE_SIDE_AT_INCOMING_GROUPS, 0);
  back->set(HEDDLE_SIDE_AT_MESSAGE_GROUPS, 0);
  back->set(HEDDLE_SIDE_AT_MESSAGES, 0);
}

/** Says what the index is to hold at the end of this tick. */
void PartitionOwner::beginIndex() {
  if (!spatialIndex_) return;
  SpatialIndex& index = *spatialIndex_;
  if (rows_ < indexRowsMin_ || peakWatch_.isEnding)
    index.quiet.reset();
  else if (wholeIndexUntil_ >= tick) {
    index.quiet = Box{};
    index.boxArea = 0;
  } else {
    index.quiet = readers_.quiet(tick - 1, index.quiet);
    index.boxArea = readers_.boxArea;
  }
}

/** What was granted at the barrier is gone from here; the rest stays, and is tried again. */
void PartitionOwner::settleLeavers() {
  const uint32_t groups = front->get(HEDDLE_SIDE_AT_HANDOFF_GROUPS);
  for (uint32_t group = 0; group < groups; group++) {
    const uint32_t* rows = front->leavingRow + front->handoffStart[group];
    const uint32_t count = std::min(front->handoffCount[group], front->rows());
    for (uint32_t place = 0; place < count; place++) {
      const uint32_t row = rows[place];
      if (place < front->handoffGranted[group]) {
        ownership.removed.push_back({row, back->id[row], back->type[row]});
        freeRow(row);
      } else {
        back->state[row] = rowHere;
        changes_.rows.push_back(row);
        ownership.rejected.push_back(row);
      }
    }
  }
}

/** Copies what was granted straight from the sources' fronts: by source, then in its order. */
void PartitionOwner::takeInArrivals() {
  rejectedIncoming = 0;
  // The barrier granted no more. Who wrote over its grants has lost entities of its own.
  const uint32_t capacity = front->get(HEDDLE_SIDE_AT_CAPACITY);
  uint32_t room = capacity > population_ ? capacity - population_ : 0;
  eachArrivingGroup([&](const ArrivingGroup& group) {
    rejectedIncoming += group.rejected;
    const uint32_t granted = std::min(group.granted, room);
    room -= granted;
    if (granted > 0) takeInRows({group.memory, group.rows, granted, group.rejected});
  });
}

void PartitionOwner::takeInRows(const ArrivingGroup& group) {
  const Side& from = group.memory.side(tick - 1);
  RowList rows;
  for (uint32_t place = 0; place < group.granted; place++) {
    const int64_t row = allocateRow();
    require(row >= 0, "the barrier grants no more than there is room for");
    rows.push_back(uint32_t(row));
    ownership.added.push_back(uint32_t(row));
  }
  for (uint32_t place = 0; place < group.granted; place++)
    back->id[rows[place]] = from.id[group.rows[place]];
  for (uint32_t place = 0; place < group.granted; place++)
    back->type[rows[place]] = from.type[group.rows[place]];
  for (uint32_t place = 0; place < group.granted; place++)
    // Where nobody could have sent it from, its source's app wrote afterwards.
    positions_.arrive(rows[place],
                      departures_.inDomain(from.position + uint64_t(group.rows[place]) * 3));
  for (uint32_t field = 1; field <= HEDDLE_FIELD_INDEX_MAX; field++) {
    const FieldView view = group.memory.field(uint32_t(uint64_t(tick - 1) % 2), field);
    // The barrier has seen to it that no granted entity has a wider one.
    if (!view || view.stride > memory.claimedStride(field)) continue;
    require(fields_.widen(field, view.stride, rows_),
            "the barrier grants what there are fields for");
    copyValues(view, group.rows, fields_.view(field), rows.data(), group.granted);
  }
}

// --- what comes next

/**
 * Claims what the arrivals of the next tick are written to, so that the barrier need not, and
 * taking them in can't fail. Returns how many entities there are rows for.
 */
uint32_t PartitionOwner::claimAhead() {
  const uint32_t limit = memory.sizes.entityLimit;
  // Nobody's entities go where there is no cell.
  if (!cell_) return population_;
  claimFields();
  const double transfers = fabric_.world.transfersPerTick.value_or(limit);
  const uint32_t refused = uint32_t(std::min<double>(rejectedIncoming, transfers));
  const uint32_t wanted =
      std::min(limit, std::max(capacityFor(population_), population_ + refused));
  rowsMost_ = std::max(rowsMost_, wanted);
  return memory.ensureRows(wanted) ? wanted : std::min(limit, memory.claimedRows());
}

/** Of who was refused, and, where something is new among them, of who is likely to hand over. */
void PartitionOwner::claimFields() {
  const double committed = tick - 1;
  if (rejectedIncoming > 0)
    eachArrivingGroup([&](const ArrivingGroup& group) {
      if (group.rejected > 0) claimFieldsAs(group.memory.side(committed));
    });
  const Control& control = fabric_.control;
  if (!fresh_ && control.fieldsTick() < committed) return;
  fabric_.eachPartition([&](uint32_t partition) {
    const bool isLikely =
        uint32_t(control.partitionWord(partition, HEDDLE_PARTITION_AT_DOMAIN)) == domain ||
        control.partitionWord(partition, HEDDLE_PARTITION_AT_CELL) < 0;
    if (isLikely) claimFieldsAs(fabric_.partition(partition).side(committed));
  });
}

void PartitionOwner::claimFieldsAs(const Side& side) {
  for (uint32_t field = 1; field <= HEDDLE_FIELD_INDEX_MAX; field++)
    if (side.stride(field) != 0) fields_.widen(field, side.stride(field), rows_);
}

// --- rows

/**
 * Free rows are taken one after the other, from the first one to a bit beyond as many as there are
 * entities, and then from the first one on again.
 */
int64_t PartitionOwner::allocateRow() {
  const uint32_t limit = memory.sizes.entityLimit;
  if (population_ >= limit) return -1;
  const uint32_t end = std::min(limit, population_ + 1 + population_ / spareRowsOneIn);
  uint32_t row = freeRowFrom(nextRow_);
  if (row >= end || !memory.ensureRows(row + 1)) row = freeRowFrom(0);
  if (!memory.ensureRows(row + 1)) return -1;
  rows_ = std::max(rows_, row + 1);
  nextRow_ = row + 1;
  touch(row);
  population_++;
  back->state[row] = rowHere;
  back->destination[row] = 0;
  fields_.clear(row);
  return row;
}

/** The first free row from `start` on; that behind the last row where there is none. */
uint32_t PartitionOwner::freeRowFrom(uint32_t start) const {
  const uint32_t first = std::min(start, rows_);
  const void* found =
      first < rows_ ? std::memchr(back->state + first, rowFree, rows_ - first) : nullptr;
  return found ? uint32_t(static_cast<const uint8_t*>(found) - back->state) : rows_;
}

void PartitionOwner::freeRow(uint32_t row) {
  back->state[row] = rowFree;
  touch(row);
  population_--;
}

/** Says of all rows from `from` up to `to` that they changed in this tick. */
void PartitionOwner::markChanged(uint32_t from, uint32_t to) {
  if (from == 0 && to >= rows_)
    back->setNumber(HEDDLE_SIDE_AT_EVERY_ROW_CHANGED, tick);
  else if (from < to) {
    std::fill(back->changed + from, back->changed + to, stamp_);
    changes_.stamps.add(from, to);
  }
}

}  // namespace heddle
