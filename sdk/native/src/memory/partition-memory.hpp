// One partition's memory: both sides' columns, fields, messages and index tables, opened when they
// are first used. Owns pointers and claims; never decides what stands in them.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control.hpp"
#include "layout.hpp"
#include "segments.hpp"

namespace heddle {

#ifdef HEDDLE_TESTING
/** Thrown where a test lets a process die at a write of a number into its header. */
struct Death {};
extern int writesToDeath;
inline void beforeWrite() {
  if (writesToDeath > 0 && --writesToDeath == 0) throw Death();
}
#else
inline void beforeWrite() {}
#endif

/** What the state column holds. */
enum RowState : uint8_t {
  rowFree = HEDDLE_ROW_FREE,
  rowHere = HEDDLE_ROW_HERE,
  rowLeaving = HEDDLE_ROW_LEAVING
};

/** One side of a partition: the state of one tick. */
class Side {
 public:
  Side(uint8_t* state, const Sizes& sizes, uint32_t number);

  double* id;
  uint32_t* type;
  uint8_t* state;        // RowState
  uint8_t* destination;  // domain index + 1, or 0
  uint32_t* changed;     // low 32 bits of a tick
  float* position;       // x, y, z a row
  uint32_t* leavingRow;  // rows, group by group
  uint32_t *handoffTarget, *handoffStart, *handoffCount, *handoffGranted;
  uint32_t *incomingSource, *incomingGroup;
  uint32_t *messageTarget, *messageStart, *messageCount;
  uint32_t* interestDomain;
  double* interestBox;  // minX, minY, maxX, maxY a box
  double* quiet;        // minX, minY, maxX, maxY
  uint32_t* fieldStride;

  /** One of HEDDLE_SIDE_AT_* that is an u32. */
  uint32_t get(uint32_t entry) const { return at<uint32_t>(record_, entry); }
  void set(uint32_t entry, uint32_t value) {
    beforeWrite();
    at<uint32_t>(record_, entry) = value;
  }
  /** One that is an f64. */
  double number(uint32_t entry) const { return at<double>(record_, entry); }
  void setNumber(uint32_t entry, double value) { at<double>(record_, entry) = value; }
  /** No more than there can be, whatever another app wrote. */
  uint32_t rows() const {
    const uint32_t rows = get(HEDDLE_SIDE_AT_ROWS);
    return rows < entityLimit_ ? rows : entityLimit_;
  }
  /** Bytes a row of the field has here; 0 if it isn't in use, or if nobody can have so many. */
  uint32_t stride(uint32_t field) const {
    const uint32_t stride = fieldStride[field];
    return stride <= strideMax_ && stride % 4 == 0 ? stride : 0;
  }
  /** Whether the row's entity was written in a tick after `tick`. */
  bool changedSince(uint32_t row, double tick) const;

 private:
  uint8_t* record_;
  uint32_t entityLimit_, strideMax_;
};

/** A field on one side. */
struct FieldView {
  int32_t* length = nullptr;  // bytes + 1, 0 for no such field
  uint32_t* typeId = nullptr;
  uint8_t* data = nullptr;  // `stride` bytes a row
  uint32_t stride = 0;      // 0 where the field is not in use
  explicit operator bool() const { return stride != 0; }
  uint8_t* of(uint32_t row) const { return data + uint64_t(row) * stride; }
};

/** One of the two tables of the spatial index, and the changes of the side of its number. */
struct IndexView {
  uint32_t* start;  // one a bin, and one more
  uint32_t* row;    // one an entry, as x and y
  float *x, *y;
  uint32_t* changedRow;    // not by row
  uint32_t* changedSince;  // one a row
};

struct MessagesView {
  uint32_t *start, *bytes;  // one a message
  uint8_t* heap;
};

/** The most that a partition uses of what grows. */
struct MemoryUse {
  uint32_t rows = 0, messages = 0, heapBytes = 0;
  bool isIndexed = false;
};

class PartitionMemory {
 public:
  /** `pagesOfOthers` says what all other partitions have claimed. */
  PartitionMemory(Segments& segments, const Control& control, uint32_t index, bool writable,
                  std::function<int64_t()> pagesOfOthers);

  const uint32_t index, epoch;
  const Sizes sizes;

 private:
  Segments& segments_;
  const bool writable_;
  Segment& state_;

 public:
  std::array<Side, 2> sides;
  Side& side(double tick) { return sides[uint64_t(tick) % 2]; }

  /** One of HEDDLE_APP_AT_* that is a word, or a tick. */
  int32_t appWord(uint32_t entry) const { return loadWord(state_.data, entry); }
  void setAppWord(uint32_t entry, int32_t value) { storeWord(state_.data, entry, value); }
  double appTick(uint32_t entry) const { return at<double>(state_.data, entry); }
  void setAppTick(uint32_t entry, double tick) { at<double>(state_.data, entry) = tick; }
  /** One of HEDDLE_APP_METER_AT_*. */
  double* meter(uint32_t entry) {
    return &at<double>(state_.data, heddle_app_meter_offset() + entry);
  }

  /** Why the last claim was refused. */
  const std::string& refusal() const { return refusal_; }
  uint32_t claimedRows() const { return header_[HEDDLE_HEADER_AT_CLAIMED_ROWS / 4]; }
  uint32_t claimedStride(uint32_t field) const {
    return header_[HEDDLE_HEADER_AT_CLAIMED_FIELD_STRIDE / 4 + field];
  }
  uint32_t claimedPages() const {
    return __atomic_load_n(header_ + HEDDLE_HEADER_AT_CLAIMED_PAGES / 4, __ATOMIC_SEQ_CST);
  }

  /** Counts anew what is claimed: a process that died while it claimed may have left another
   * number. */
  void recount();

  /** Each makes sure that so much can be written. False: no room, and nothing is changed. */
  bool ensureRows(uint32_t rows);
  bool ensureField(uint32_t field, uint32_t stride);
  bool ensureIndexTable(uint32_t entries);
  bool ensureIndexChanges(uint32_t rows);
  bool ensureMessages(uint32_t side, uint32_t count, uint32_t heapBytes);

  /** The field on a side, at that side's stride. */
  FieldView field(uint32_t side, uint32_t field);
  /** The same for the owner, who sets the side's stride. */
  FieldView openField(uint32_t side, uint32_t field, uint32_t stride);
  IndexView indexTable(uint32_t number);
  MessagesView messages(uint32_t side);

  /** Says what values of a field are, as JSON. Where there is no room, it stays unsaid. */
  void declareShape(uint32_t field, const std::string& text);
  /** Empty where nothing was declared. */
  std::string declaredShape(uint32_t field) const;

  /** How much of what is claimed a partition does not need that uses no more than this: a share. */
  double spareShare(const MemoryUse& use);
  /** Gives that back. Only in a tick in which nobody reads or writes more than that. */
  void shrink(const MemoryUse& use);

 private:
  static constexpr size_t headerWords = HEDDLE_HEADER_BYTES / 4;
  using Header = std::array<uint32_t, headerWords>;
  /** Pages of a column, from its start, that are claimed before and after a change. */
  struct Claim {
    Segment* segment;
    uint64_t offset;
    uint64_t before, after;
  };

  std::string fileName(const char* file) const;
  Header header() const;
  void setHeader(const Header& header);
  void sayPages(uint32_t pages);
  bool raise(uint32_t at, uint32_t count, uint32_t max, uint32_t step);
  bool claim(uint32_t at, uint32_t count);
  int64_t claimAll(const std::vector<Claim>& claims);
  Header headerFor(const MemoryUse& use) const;
  std::vector<Claim> claims(const Header& before, const Header& after);
  uint8_t* declaration(uint32_t field) const;
  Segment& fieldSegment(uint32_t side, uint32_t field);
  Segment& indexSegment(uint32_t number);
  Segment& messageSegment(uint32_t side);

  const Control& control_;
  const std::function<int64_t()> pagesOfOthers_;
  uint32_t* const header_;
  std::array<std::array<Segment*, HEDDLE_FIELD_INDEX_MAX + 1>, 2> fields_{};
  std::array<Segment*, 2> indexes_{}, messages_{};
  std::string refusal_;
};

}  // namespace heddle
