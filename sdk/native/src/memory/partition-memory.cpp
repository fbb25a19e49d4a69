// Opens a partition's files, and claims and gives back what grows in them.

#include "partition-memory.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../failure.hpp"

namespace heddle {

#ifdef HEDDLE_TESTING
int writesToDeath = 0;
#endif

namespace {

const char* const machineIsFull =
    "the machine's memory, or the fabric folder's file system, is full";
/** What more is claimed at least, where something is. */
constexpr uint32_t rowsStep = 256, messagesStep = 1024, heapStep = 16384;

constexpr uint32_t rowsAt = HEDDLE_HEADER_AT_CLAIMED_ROWS / 4;
constexpr uint32_t strideAt = HEDDLE_HEADER_AT_CLAIMED_FIELD_STRIDE / 4;
constexpr uint32_t indexRowsAt = HEDDLE_HEADER_AT_CLAIMED_INDEX_ROWS / 4;
constexpr uint32_t indexChangesAt = HEDDLE_HEADER_AT_CLAIMED_INDEX_CHANGES / 4;
constexpr uint32_t messagesAt = HEDDLE_HEADER_AT_CLAIMED_MESSAGES / 4;
constexpr uint32_t heapAt = HEDDLE_HEADER_AT_CLAIMED_HEAP_BYTES / 4;
constexpr uint32_t shapesAt = HEDDLE_HEADER_AT_CLAIMED_SHAPES / 4;
constexpr uint32_t pagesAt = HEDDLE_HEADER_AT_CLAIMED_PAGES / 4;

uint64_t pagesOf(uint64_t bytes) { return (bytes + HEDDLE_PAGE_BYTES - 1) / HEDDLE_PAGE_BYTES; }

/** An eighth more than `count`, in whole steps; where the limit is small, so are the steps. */
uint32_t withRoom(uint32_t count, uint32_t max, uint32_t step) {
  const uint64_t whole = std::max(1u, std::min(step, max >> 3));
  return uint32_t(std::min<uint64_t>(max, heddle_round_up(uint64_t(count) + count / 8, whole)));
}

}  // namespace

Side::Side(uint8_t* memory, const Sizes& sizes, uint32_t number)
    : record_(memory + heddle_side_offset(number)),
      entityLimit_(sizes.entityLimit),
      strideMax_(uint32_t(heddle_stride_max(sizes))) {
  const uint64_t start = heddle_columns_offset(sizes, number);
  id = &at<double>(memory, heddle_side_column_id(sizes, start));
  type = &at<uint32_t>(memory, heddle_side_column_type(sizes, start));
  state = memory + heddle_side_column_state(sizes, start);
  destination = memory + heddle_side_column_destination(sizes, start);
  changed = &at<uint32_t>(memory, heddle_side_column_changed(sizes, start));
  position = &at<float>(memory, heddle_side_column_position(sizes, start));
  leavingRow = &at<uint32_t>(memory, heddle_side_column_leaving_row(sizes, start));
  const uint64_t groups = heddle_groups_offset(sizes, number);
  const auto group = [&](uint64_t (*offset)(heddle_sizes, uint64_t)) {
    return &at<uint32_t>(memory, offset(sizes, groups));
  };
  handoffTarget = group(heddle_group_column_handoff_target);
  handoffStart = group(heddle_group_column_handoff_start);
  handoffCount = group(heddle_group_column_handoff_count);
  handoffGranted = group(heddle_group_column_handoff_granted);
  incomingSource = group(heddle_group_column_incoming_source);
  incomingGroup = group(heddle_group_column_incoming_group);
  messageTarget = group(heddle_group_column_message_target);
  messageStart = group(heddle_group_column_message_start);
  messageCount = group(heddle_group_column_message_count);
  interestDomain = &at<uint32_t>(record_, HEDDLE_SIDE_AT_INTEREST_DOMAIN);
  interestBox = &at<double>(record_, HEDDLE_SIDE_AT_INTEREST_BOX);
  quiet = &at<double>(record_, HEDDLE_SIDE_AT_QUIET);
  fieldStride = &at<uint32_t>(record_, HEDDLE_SIDE_AT_FIELD_STRIDE);
}

bool Side::changedSince(uint32_t row, double tick) const {
  return number(HEDDLE_SIDE_AT_EVERY_ROW_CHANGED) > tick ||
         int32_t(changed[row] - uint32_t(int64_t(tick))) > 0;
}

PartitionMemory::PartitionMemory(Segments& segments, const Control& control, uint32_t partition,
                                 bool writable, std::function<int64_t()> pagesOfOthers)
    : index(partition),
      epoch(uint32_t(control.partitionWord(partition, HEDDLE_PARTITION_AT_EPOCH))),
      sizes(control.sizes()),
      segments_(segments),
      writable_(writable),
      state_(segments.open(fileName(HEDDLE_PARTITION_FILE_STATE), 0,
                           heddle_side_columns_end(sizes, heddle_columns_offset(sizes, 1)),
                           writable)),
      sides{Side(state_.data, sizes, 0), Side(state_.data, sizes, 1)},
      control_(control),
      pagesOfOthers_(std::move(pagesOfOthers)),
      header_(&at<uint32_t>(state_.data, heddle_header_offset())),
      refusal_(machineIsFull) {}

std::string PartitionMemory::fileName(const char* file) const {
  return std::to_string(index) + "-" + std::to_string(epoch) + "/" + file;
}

void PartitionMemory::recount() {
  uint64_t pages = pagesOf(heddle_declarations_offset(sizes));
  for (const Claim& claim : claims(header(), header())) pages += claim.after;
  sayPages(uint32_t(pages));
}

bool PartitionMemory::ensureRows(uint32_t rows) {
  return raise(rowsAt, rows, sizes.entityLimit, rowsStep);
}
bool PartitionMemory::ensureIndexTable(uint32_t entries) {
  return raise(indexRowsAt, entries, sizes.entityLimit, rowsStep);
}
bool PartitionMemory::ensureIndexChanges(uint32_t rows) {
  return raise(indexChangesAt, rows, sizes.entityLimit, rowsStep);
}
bool PartitionMemory::ensureMessages(uint32_t side, uint32_t count, uint32_t heapBytes) {
  return raise(messagesAt + side, count, sizes.messageLimit, messagesStep) &&
         raise(heapAt + side, heapBytes, sizes.messageHeapBytes, heapStep);
}

bool PartitionMemory::ensureField(uint32_t field, uint32_t stride) {
  require(stride % 4 == 0 && field >= 1 && field <= HEDDLE_FIELD_INDEX_MAX, "a field's stride");
  const uint32_t most = uint32_t(heddle_stride_max(sizes));
  if (stride > most) {
    refusal_ = "a field has " + std::to_string(most) + " bytes at most, and " +
               std::to_string(stride) + " are wanted";
    return false;
  }
  return stride <= header_[strideAt + field] || claim(strideAt + field, stride);
}

FieldView PartitionMemory::field(uint32_t side, uint32_t field) {
  const uint32_t stride = sides[side].stride(field);
  if (stride == 0) return {};
  uint8_t* memory = fieldSegment(side, field).data;
  return {&at<int32_t>(memory, heddle_field_column_length(sizes, 0)),
          &at<uint32_t>(memory, heddle_field_column_type_id(sizes, 0)),
          memory + heddle_field_data_offset(sizes), stride};
}

FieldView PartitionMemory::openField(uint32_t side, uint32_t field, uint32_t stride) {
  sides[side].fieldStride[field] = stride;
  return this->field(side, field);
}

IndexView PartitionMemory::indexTable(uint32_t number) {
  uint8_t* memory = indexSegment(number).data;
  return {&at<uint32_t>(memory, heddle_index_column_start(sizes, 0)),
          &at<uint32_t>(memory, heddle_index_column_row(sizes, 0)),
          &at<float>(memory, heddle_index_column_x(sizes, 0)),
          &at<float>(memory, heddle_index_column_y(sizes, 0)),
          &at<uint32_t>(memory, heddle_index_column_changed_row(sizes, 0)),
          &at<uint32_t>(memory, heddle_index_column_changed_since(sizes, 0))};
}

MessagesView PartitionMemory::messages(uint32_t side) {
  uint8_t* memory = messageSegment(side).data;
  return {&at<uint32_t>(memory, heddle_message_column_start(sizes, 0)),
          &at<uint32_t>(memory, heddle_message_column_bytes(sizes, 0)),
          memory + heddle_message_heap_offset(sizes)};
}

uint8_t* PartitionMemory::declaration(uint32_t field) const {
  return state_.data + heddle_declarations_offset(sizes) +
         uint64_t(field) * HEDDLE_DECLARATION_BYTES;
}

void PartitionMemory::declareShape(uint32_t field, const std::string& text) {
  const bool isClaimed = header_[shapesAt] > 0 || claim(shapesAt, HEDDLE_FIELD_INDEX_MAX + 1);
  if (!isClaimed || text.size() > HEDDLE_DECLARATION_BYTES_MAX) return;
  uint8_t* place = declaration(field);
  at<uint32_t>(place, HEDDLE_DECLARATION_AT_BYTES) = 0;
  std::memcpy(place + HEDDLE_DECLARATION_AT_TEXT, text.data(), text.size());
  at<uint32_t>(place, HEDDLE_DECLARATION_AT_BYTES) = uint32_t(text.size());
}

std::string PartitionMemory::declaredShape(uint32_t field) const {
  if (header_[shapesAt] == 0) return {};
  uint8_t* place = declaration(field);
  const uint32_t bytes = at<uint32_t>(place, HEDDLE_DECLARATION_AT_BYTES);
  return std::string(reinterpret_cast<const char*>(place + HEDDLE_DECLARATION_AT_TEXT),
                     std::min<uint32_t>(bytes, HEDDLE_DECLARATION_BYTES_MAX));
}

double PartitionMemory::spareShare(const MemoryUse& use) {
  double spare = 0;
  for (const Claim& claim : claims(header(), headerFor(use)))
    spare += double(claim.before) - double(claim.after);
  return spare / claimedPages();
}

void PartitionMemory::shrink(const MemoryUse& use) {
  Header after = headerFor(use);
  const std::vector<Claim> all = claims(header(), after);
  int64_t spare = 0;
  for (const Claim& claim : all) spare += int64_t(claim.before) - int64_t(claim.after);
  // First what is said, then what is done: one that dies in between leaves memory that is claimed
  // for nothing, never the opposite.
  after[pagesAt] = uint32_t(int64_t(claimedPages()) - spare);
  setHeader(after);
  for (const Claim& claim : all)
    if (claim.after < claim.before)
      claim.segment->release(claim.offset + claim.after * HEDDLE_PAGE_BYTES,
                             (claim.before - claim.after) * HEDDLE_PAGE_BYTES);
}

PartitionMemory::Header PartitionMemory::header() const {
  Header copy;
  std::copy_n(header_, headerWords, copy.begin());
  return copy;
}

void PartitionMemory::setHeader(const Header& header) {
  std::copy_n(header.begin(), pagesAt, header_);
  std::copy(header.begin() + pagesAt + 1, header.end(), header_ + pagesAt + 1);
  sayPages(header[pagesAt]);
}

/**
 * The one number of the header that others read while this app computes. Neither the compiler nor
 * the processor moves a later reading of theirs before it.
 */
void PartitionMemory::sayPages(uint32_t pages) {
  __atomic_store_n(header_ + pagesAt, pages, __ATOMIC_SEQ_CST);
}

/** Raises a number of the header to `count`, and a bit more where there is room. */
bool PartitionMemory::raise(uint32_t at, uint32_t count, uint32_t max, uint32_t step) {
  if (count <= header_[at]) return true;
  if (count > max) return false;
  const uint32_t roomy = withRoom(count, max, step);
  return claim(at, roomy) || (roomy > count && claim(at, count));
}

bool PartitionMemory::claim(uint32_t at, uint32_t count) {
  Header after = header();
  after[at] = count;
  const int64_t pages = claimAll(claims(header(), after));
  if (pages < 0) return false;
  after[pagesAt] += uint32_t(pages);
  setHeader(after);
  return true;
}

/** Claims all of it, and says how many pages; or nothing of it: -1. */
int64_t PartitionMemory::claimAll(const std::vector<Claim>& all) {
  int64_t pages = 0;
  for (const Claim& claim : all) pages += int64_t(claim.after) - int64_t(claim.before);
  const uint32_t said = claimedPages();
  // First said, then looked at what others say: of two that claim at once, neither goes unseen.
  // A claim that is refused whatever others have is not said.
  const int64_t max = control_.memoryPagesMax();
  if (pages <= max - control_.ownPages() - said) sayPages(uint32_t(said + pages));
  const int64_t taken = control_.ownPages() + pagesOfOthers_() + said;
  if (pages > max - taken) {
    sayPages(said);
    const auto mebibytes = [](int64_t count) {
      return double(count) * HEDDLE_PAGE_BYTES / (1 << 20);
    };
    char text[200];
    std::snprintf(text, sizeof text,
                  "the simulation uses %.1f of the %.0f MiB of shared memory that it may have, and "
                  "%.1f MiB more are wanted",
                  mebibytes(taken), mebibytes(max), mebibytes(pages));
    refusal_ = text;
    return -1;
  }
  for (const Claim& claim : all) {
    if (claim.before >= claim.after) continue;
    if (claim.segment->claim(claim.offset + claim.before * HEDDLE_PAGE_BYTES,
                             (claim.after - claim.before) * HEDDLE_PAGE_BYTES))
      continue;
    for (const Claim& other : all)
      if (other.before < other.after)
        other.segment->release(other.offset + other.before * HEDDLE_PAGE_BYTES,
                               (other.after - other.before) * HEDDLE_PAGE_BYTES);
    sayPages(said);
    refusal_ = machineIsFull;
    return -1;
  }
  return pages;
}

/** The header's numbers for a partition that uses no more than this; none is higher than now. */
PartitionMemory::Header PartitionMemory::headerFor(const MemoryUse& use) const {
  Header lowered = header();
  const auto lower = [&lowered](uint32_t at, uint32_t count) {
    lowered[at] = std::min(lowered[at], count);
  };
  lower(rowsAt, withRoom(std::max(1u, use.rows), sizes.entityLimit, rowsStep));
  for (const uint32_t side : {0u, 1u}) {
    lower(messagesAt + side,
          use.messages ? withRoom(use.messages, sizes.messageLimit, messagesStep) : 0);
    lower(heapAt + side,
          use.heapBytes ? withRoom(use.heapBytes, sizes.messageHeapBytes, heapStep) : 0);
  }
  if (!use.isIndexed) lowered[indexRowsAt] = lowered[indexChangesAt] = 0;
  return lowered;
}

/** All columns that are claimed by the numbers of either header. */
std::vector<PartitionMemory::Claim> PartitionMemory::claims(const Header& before,
                                                            const Header& after) {
  std::vector<Claim> all;
  const auto add = [&](Segment& segment, uint64_t offset, auto bytesOf) {
    all.push_back({&segment, offset, pagesOf(bytesOf(before)), pagesOf(bytesOf(after))});
  };
  const auto isUsed = [&](uint32_t at) { return before[at] > 0 || after[at] > 0; };
  /** Each column by a number of rows. */
  const auto addEach = [&](Segment& segment, const auto& columns, uint64_t start, auto rowsOf) {
    for (const Column& column : columns)
      add(segment, column.offset(sizes, start),
          [&](const Header& header) { return rowsOf(header) * column.rowBytes; });
  };
  const auto numberAt = [](uint32_t at) {
    return [at](const Header& header) { return uint64_t(header[at]); };
  };
  add(state_, heddle_declarations_offset(sizes),
      [](const Header& header) { return uint64_t(header[shapesAt]) * HEDDLE_DECLARATION_BYTES; });
  for (const uint32_t side : {0u, 1u})
    addEach(state_, stateColumns, heddle_columns_offset(sizes, side), numberAt(rowsAt));
  for (uint32_t field = 1; field <= HEDDLE_FIELD_INDEX_MAX; field++) {
    const uint32_t at = strideAt + field;
    if (!isUsed(at)) continue;
    for (const uint32_t side : {0u, 1u}) {
      Segment& segment = fieldSegment(side, field);
      addEach(segment, fieldColumns, 0,
              [at](const Header& header) { return uint64_t(header[at] > 0 ? header[rowsAt] : 0); });
      add(segment, heddle_field_data_offset(sizes),
          [at](const Header& header) { return uint64_t(header[rowsAt]) * header[at]; });
    }
  }
  if (isUsed(indexRowsAt) || isUsed(indexChangesAt))
    for (const uint32_t number : {0u, 1u}) {
      Segment& segment = indexSegment(number);
      add(segment, heddle_index_column_start(sizes, 0),
          [](const Header& header) { return header[indexRowsAt] > 0 ? indexStartsBytes : 0; });
      addEach(segment, indexTableColumns, 0, numberAt(indexRowsAt));
      addEach(segment, indexChangeColumns, 0, numberAt(indexChangesAt));
    }
  for (const uint32_t side : {0u, 1u}) {
    if (!isUsed(messagesAt + side) && !isUsed(heapAt + side)) continue;
    Segment& segment = messageSegment(side);
    addEach(segment, messageColumns, 0, numberAt(messagesAt + side));
    add(segment, heddle_message_heap_offset(sizes), numberAt(heapAt + side));
  }
  return all;
}

Segment& PartitionMemory::fieldSegment(uint32_t side, uint32_t field) {
  Segment*& open = fields_[side][field];
  const uint64_t offset = heddle_field_offset(sizes, field, side);
  if (!open)
    open = &segments_.open(fileName(HEDDLE_PARTITION_FILE_FIELDS), offset,
                           heddle_field_offset(sizes, 1, 1), writable_);
  return *open;
}

Segment& PartitionMemory::indexSegment(uint32_t number) {
  Segment*& open = indexes_[number];
  if (!open)
    open =
        &segments_.open(fileName(HEDDLE_PARTITION_FILE_INDEX), heddle_index_offset(sizes, number),
                        heddle_index_offset(sizes, 1), writable_);
  return *open;
}

Segment& PartitionMemory::messageSegment(uint32_t side) {
  Segment*& open = messages_[side];
  if (!open)
    open = &segments_.open(fileName(HEDDLE_PARTITION_FILE_MESSAGES),
                           heddle_messages_offset(sizes, side), heddle_messages_offset(sizes, 1),
                           writable_);
  return *open;
}

}  // namespace heddle
