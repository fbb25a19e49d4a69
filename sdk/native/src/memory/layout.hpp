// Where everything lies in a fabric's files: the generated functions, with the sizes of one fabric.
// Owns the lists of columns that grow; never touches memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "heddle_layout.h"

namespace heddle {

/** Sizes that the offsets of a fabric follow from, and limits. */
struct Sizes {
  uint32_t partitionCapacity = 0;
  uint32_t entityLimit = 0;
  uint32_t fieldBytesMax = 0;
  uint32_t messageLimit = 0;
  uint32_t messageBytesMax = 0;
  uint32_t messageHeapBytes = 0;
  uint32_t fieldsPerEntity = 0;

  operator heddle_sizes() const {
    return {partitionCapacity, entityLimit, fieldBytesMax, messageLimit, messageHeapBytes};
  }
};

/** A column whose memory is claimed row by row. */
struct Column {
  uint64_t (*offset)(heddle_sizes sizes, uint64_t start);
  uint64_t rowBytes;
};

constexpr Column stateColumns[] = {
    {heddle_side_column_id, HEDDLE_SIDE_COLUMN_ID_BYTES},
    {heddle_side_column_type, HEDDLE_SIDE_COLUMN_TYPE_BYTES},
    {heddle_side_column_state, HEDDLE_SIDE_COLUMN_STATE_BYTES},
    {heddle_side_column_destination, HEDDLE_SIDE_COLUMN_DESTINATION_BYTES},
    {heddle_side_column_changed, HEDDLE_SIDE_COLUMN_CHANGED_BYTES},
    {heddle_side_column_position, HEDDLE_SIDE_COLUMN_POSITION_BYTES},
    {heddle_side_column_leaving_row, HEDDLE_SIDE_COLUMN_LEAVING_ROW_BYTES},
};
constexpr Column fieldColumns[] = {
    {heddle_field_column_length, HEDDLE_FIELD_COLUMN_LENGTH_BYTES},
    {heddle_field_column_type_id, HEDDLE_FIELD_COLUMN_TYPE_ID_BYTES},
};
/** Of the spatial index: those of its table, without the starts, and those of its changes. */
constexpr Column indexTableColumns[] = {
    {heddle_index_column_row, HEDDLE_INDEX_COLUMN_ROW_BYTES},
    {heddle_index_column_x, HEDDLE_INDEX_COLUMN_X_BYTES},
    {heddle_index_column_y, HEDDLE_INDEX_COLUMN_Y_BYTES},
};
constexpr Column indexChangeColumns[] = {
    {heddle_index_column_changed_row, HEDDLE_INDEX_COLUMN_CHANGED_ROW_BYTES},
    {heddle_index_column_changed_since, HEDDLE_INDEX_COLUMN_CHANGED_SINCE_BYTES},
};
constexpr uint64_t indexStartsBytes =
    (HEDDLE_BINS_PER_AXIS_MAX * HEDDLE_BINS_PER_AXIS_MAX + 1) * HEDDLE_INDEX_COLUMN_START_BYTES;
constexpr Column messageColumns[] = {
    {heddle_message_column_start, HEDDLE_MESSAGE_COLUMN_START_BYTES},
    {heddle_message_column_bytes, HEDDLE_MESSAGE_COLUMN_BYTES_BYTES},
};

/** The number of a table that was made in that tick: never 0, which unwritten memory has. */
inline uint32_t tableNumber(double tick) { return uint32_t(uint64_t(tick) % 0xfffffffeull) + 1; }

}  // namespace heddle
