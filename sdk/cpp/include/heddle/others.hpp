// Entities of other apps: the columns of what a subscription covers, and pictures of who is near
// whom. Owns no memory; all of it is read only.
#ifndef HEDDLE_OTHERS_HPP
#define HEDDLE_OTHERS_HPP

#include "owned.hpp"

namespace heddle {

/// An entity in a subscription's box: `row` in its partition, `x` and `y` in world units.
using Place = heddle_place;

/// What a subscription covers of one other partition, as of the tick before: before entities
/// changed owner. Good until the commit, or the next `covered` of the same subscription. A write to
/// its columns ends the process: the memory is protected.
class Covered {
 public:
  /// @internal
  Covered(heddle_application* native, const heddle_covered& covered) noexcept
      : native_(native), covered_(covered) {}

  /// The partition's id.
  std::uint32_t partition() const noexcept { return covered_.partition; }
  /// The entities in the box, in no particular order.
  Span<const Place> places() const noexcept { return {covered_.places, covered_.count}; }
  /// Length of the partition's columns, which hold entities outside of the box, too.
  std::uint32_t rows() const noexcept { return covered_.rows; }
  /// Columns of the partition, one entry a row.
  Span<const double> ids() const noexcept { return {covered_.ids, covered_.rows}; }
  Span<const std::uint32_t> types() const noexcept { return {covered_.types, covered_.rows}; }
  Span<const std::uint8_t> states() const noexcept { return {covered_.states, covered_.rows}; }
  Span<const Position> positions() const noexcept {
    return {reinterpret_cast<const Position*>(covered_.positions), covered_.rows};
  }
  /// The values of a field, by row; false where no entity of the partition has it. InvalidState
  /// where they have another shape there.
  template <class T>
  FieldColumn<const T> field(const Field<T>& field) const {
    heddle_field_view view;
    detail::check(heddle_covered_field(native_, covered_.partition, field.native(), &view),
                  native_);
    return {view.data, view.stride, view.presence, covered_.rows};
  }

 private:
  heddle_application* native_;
  heddle_covered covered_;
};

/// A picture of all that this app can see: own entities as they were at the call, others as of the
/// tick before, and an entity that changes owner once. Entry n below `ownRows` is row n of this
/// app; the entities of others follow. There is one picture: the next call overwrites it.
class Neighbourhood {
 public:
  /// @internal
  Neighbourhood(heddle_application* native, const heddle_neighbourhood& picture) noexcept
      : native_(native), picture_(picture) {}

  std::uint32_t ownRows() const noexcept { return picture_.own_rows; }
  /// Number of entries.
  std::uint32_t count() const noexcept { return picture_.count; }
  /// One an entry.
  Span<const double> ids() const noexcept { return {picture_.ids, picture_.count}; }
  Span<const std::uint32_t> types() const noexcept { return {picture_.types, picture_.count}; }
  Span<const Position> positions() const noexcept {
    return {reinterpret_cast<const Position*>(picture_.positions), picture_.count};
  }
  /// The entries near an own row, without itself, in no particular order; none for a row that holds
  /// no entity. Only of a picture that was taken with its list.
  Span<const std::uint32_t> of(std::uint32_t row) const noexcept {
    const std::uint32_t from = picture_.starts[row];
    return {picture_.list + from, picture_.starts[row + 1] - from};
  }
  /// A copy of a field's values, by entry: own ones as they are at this call, others as of the tick
  /// before, zeros for entities that lack it. Good until the next call for the same field.
  /// InvalidState if subscriptions changed since the picture.
  template <class T>
  FieldColumn<const T> field(const Field<T>& field) const {
    heddle_field_view view;
    detail::check(heddle_neighbourhood_field(native_, field.native(), &view), native_);
    return {view.data, view.stride, view.presence, picture_.count};
  }
  /// The entries within a radius of a place, in no particular order. Good until the next call.
  Span<const std::uint32_t> at(float x, float y, float radius) const {
    const std::uint32_t* entries;
    std::size_t count;
    detail::check(heddle_neighbourhood_at(native_, x, y, radius, &entries, &count), native_);
    return {entries, count};
  }

 private:
  heddle_application* native_;
  heddle_neighbourhood picture_;
};

}  // namespace heddle

#endif
