// The owner's work on its partition in one tick: take over the committed state, settle what left,
// take in what arrives, create, change and delete, and at the end say who leaves for where.
// Owns the back side between `begin` and `finish`; never touches a front side, never waits or
// wakes.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "../memory/fabric.hpp"
#include "../memory/interests.hpp"
#include "../memory/messages.hpp"
#include "departures.hpp"
#include "owner-fields.hpp"
#include "peak-watch.hpp"
#include "spatial-index.hpp"
#include "takeover.hpp"
#include "tick-changes.hpp"

namespace heddle {

/** An id is its lane times this, and its place in the lane. */
constexpr double idsPerLane = 4294967296.0;

struct OwnerOptions {
  /** Below so many rows there is no spatial index: it would cost more than it saves. */
  uint32_t indexRowsMin = 512;
  bool refusesOutside = false;
  PeakOptions peaks;
};

/** An entity that left: its row and id before. */
struct Removed {
  uint32_t row;
  double id;
  uint32_t type;
};

/** What happened to the partition's ownership at the begin of a tick. */
struct OwnershipOfTick {
  /** Rows of entities that are owned from this tick on. */
  RowList added;
  std::vector<Removed> removed;
  /** Rows of entities that wanted to leave and could not. */
  RowList rejected;
};

/** A group that was to come here from the tick before. */
struct ArrivingGroup {
  PartitionMemory& memory;
  /** The source's rows that were granted, as they are on its front side. */
  const uint32_t* rows;
  uint32_t granted, rejected;
};

class PartitionOwner {
 public:
  PartitionOwner(Fabric& fabric, uint32_t index, const OwnerOptions& options);

  const uint32_t index;
  PartitionMemory& memory;
  const uint32_t domain;
  double tick = -1;
  Side* back = nullptr;
  Side* front = nullptr;
  OwnershipOfTick ownership;
  /** Entities that others wanted to hand to this partition at the last barrier, and could not. */
  uint32_t rejectedIncoming = 0;
  /** Boxes that this partition's app reads of others; published at `finish`. */
  std::vector<Interest> interests;

  /** Rows in use are below this; free ones have state 0. */
  uint32_t rows() const { return rows_; }
  uint32_t population() const { return population_; }
  const std::optional<Box>& cell() const { return cell_; }
  /** The positions on the back side, all of them as they stand. */
  float* position();

  /** Opens the back side for `tick`, whose predecessor is committed. */
  void begin(double tick);
  /** Closes the back side. Call `Fabric::commit` next. Throws Outside, and closes nothing. */
  void finish();

  /** Whether the id is one that this owner has given, be the entity here or not. */
  bool hasMade(double id) const;
  /** The row of a new entity at 0, 0, 0; -1 where the partition or the machine is full. */
  int64_t create(uint32_t type);
  void remove(uint32_t row);
  /** Says that a row's entity changed in this tick. */
  void touch(uint32_t row);
  void setPosition(uint32_t row, float x, float y, float z);
  /** Says that the positions of the rows from `from` up to `to` were written. */
  void moved(uint32_t from, uint32_t to);
  /** For an app that moves its rows in order, a piece at a time. */
  void beginPiece(uint32_t from, uint32_t to);
  void endPiece(uint32_t from, uint32_t to);
  void endSweep();
  bool isOutside(uint32_t row);
  /** Hands the entity to a domain: it leaves at the end of this tick, or once its target has room.
   */
  void setDestination(uint32_t row, uint32_t domain);

  /** False where the machine has no room, or the entity may have no further field. */
  bool storeField(uint32_t row, uint32_t field, uint32_t typeId, const uint8_t* bytes,
                  uint32_t length);
  /** Opens a field for values of one size; not in use where the machine has no room. */
  FieldView shapedField(uint32_t field, uint32_t bytes, uint32_t alignBytes);
  /**
   * Says that values of a shaped field were written for the rows from `from` up to `to`. The first
   * row that may not have a further field, and then nothing is changed; or -1.
   */
  int64_t storedField(uint32_t field, uint32_t typeId, uint32_t bytes, uint32_t from, uint32_t to);
  bool mayHaveField(uint32_t row, uint32_t field) const { return fields_.mayHave(row, field); }
  /** False where it had none. */
  bool removeField(uint32_t row, uint32_t field);
  const FieldView& field(uint32_t field) const { return fields_.view(field); }

  /** Calls `look` with each group that was to come here. */
  template <class Look>
  void eachArrivingGroup(Look look) {
    const uint32_t groups = front->get(HEDDLE_SIDE_AT_INCOMING_GROUPS);
    for (uint32_t place = 0; place < groups; place++) {
      const uint32_t source = front->incomingSource[place];
      // One that was removed since was granted nothing.
      if (!fabric_.control.partitionInUse(source)) continue;
      PartitionMemory& from = fabric_.partition(source);
      const Side& side = from.side(tick - 1);
      const uint32_t group = front->incomingGroup[place];
      if (group >= memory.sizes.partitionCapacity) continue;
      const uint32_t start = std::min(side.handoffStart[group], memory.sizes.entityLimit);
      const uint32_t granted = side.handoffGranted[group];
      const uint32_t most = std::min(granted, memory.sizes.entityLimit - start);
      // Up to the first one that is no row: somebody wrote over the list.
      const uint32_t* rows = side.leavingRow + start;
      uint32_t count = 0;
      while (count < most && rows[count] < side.rows()) count++;
      look(ArrivingGroup{from, rows, count, side.handoffCount[group] - granted});
    }
  }
  /** The ids of `ownership.added`, in its order: a row may hold another entity by now. */
  std::vector<double> addedIds();

  /** From now on, for as long as this is called now and then, all own entities are in the index. */
  void keepWholeIndex();

  /** Queues a message. False where a limit of the tick is reached, or the machine has no room. */
  bool send(uint32_t target, const uint8_t* payload, uint32_t bytes);
  bool maySend(uint32_t bytes) const;

 private:
  void takeOverFront();
  void beginIndex();
  void settleLeavers();
  void takeInArrivals();
  void takeInRows(const ArrivingGroup& group);
  uint32_t claimAhead();
  void claimFields();
  void claimFieldsAs(const Side& side);
  int64_t allocateRow();
  uint32_t freeRowFrom(uint32_t start) const;
  void freeRow(uint32_t row);
  void markChanged(uint32_t from, uint32_t to);

  Fabric& fabric_;
  const std::optional<Box> cell_;
  const uint32_t indexRowsMin_;
  std::optional<SpatialIndex> spatialIndex_;
  Readers readers_;
  /** In its first tick it knows nothing of the back side, nor of what is asked for. */
  bool fresh_ = true;
  uint32_t stamp_ = 0;
  uint32_t backNumber_ = 0;
  uint32_t rows_ = 0;
  uint32_t population_ = 0;
  double idCounter_ = 0;
  /** By lane that this owner gives ids of: the first one that it could give. */
  std::map<double, double> firstIds_;
  /** From here on up the next free row is looked for. */
  uint32_t nextRow_ = 0;
  OwnerFields fields_;
  TickChanges changes_, changesBefore_;
  PositionTakeover positions_;
  Departures departures_;
  /** By row: the begin in which it was listed last as changed. */
  std::vector<uint32_t> listedIn_;
  uint32_t begins_ = 0;
  double wholeIndexUntil_ = -1;
  /** Of a sweep under way: the first row of the piece that is being written, and its end. */
  int64_t pieceAt_ = -1;
  uint32_t sweptTo_ = 0;
  std::vector<OutgoingMessage> outgoing_;
  uint32_t outgoingBytes_ = 0;
  /** Of a process's first tick: the ids of all that it owned at the begin. */
  std::optional<std::vector<double>> firstAddedIds_;
  PeakWatch peakWatch_;
  /** Most rows that were in use at once in this tick. */
  uint32_t rowsMost_ = 0;
};

}  // namespace heddle
