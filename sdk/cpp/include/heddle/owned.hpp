// This app's own entities as columns: views on the fabric's memory, with one row for each entity.
// Owns no memory. Never detects what is written to a column: say it with moved, stored or touched.
#ifndef HEDDLE_OWNED_HPP
#define HEDDLE_OWNED_HPP

#include <exception>
#include <memory>
#include <vector>

#include "field.hpp"

namespace heddle {

/// Rows, by their numbers: a vector converts to it.
using Rows = Span<const std::uint32_t>;

/// This app's entities. `transaction.owned()` gives it; good until the commit. An entity keeps its
/// row as long as this app owns it. Take columns anew in each tick, and after entities were
/// created.
class Owned {
 public:
  /// @internal
  explicit Owned(heddle_application* native) noexcept : native_(native) {}

  /// Length of every column. Skip rows whose state is 0: they hold no entity.
  std::uint32_t rows() const { return table().rows; }
  /// Number of entities.
  std::uint32_t count() const { return table().count; }
  /// One a row; whole numbers below 2^53.
  Span<const double> ids() const { return of(&heddle_columns::ids); }
  /// Type ids, one a row.
  Span<const std::uint32_t> types() const { return of(&heddle_columns::types); }
  /// One a row: 0 where it holds no entity.
  Span<const std::uint8_t> states() const { return of(&heddle_columns::states); }
  /// One a row, to be read and written. After writing, call `moved` or `touched`. The first call in
  /// a tick brings all positions up to date, which a sweep does by itself, and faster.
  Span<Position> positions() const {
    heddle_columns all;
    check(heddle_owned_columns(native_, &all));
    return {reinterpret_cast<Position*>(all.positions), all.rows};
  }

  /// The values of a field, by row, to be read and written. After writing, call `stored` or
  /// `touched`. CapacityExceeded: too large, or no room.
  template <class T>
  FieldColumn<T> field(const Field<T>& field) const {
    heddle_field_column column;
    check(heddle_field(native_, field.native(), &column));
    return {column.data, column.stride, column.presence, rows()};
  }

  /// Makes entities in the middle of the cell, and gives their rows. Write their positions next,
  /// and call `moved`. They have no fields: call `give`, or write values and call `stored`.
  /// InvalidArgument, CapacityExceeded; then none is made.
  std::vector<std::uint32_t> create(std::uint32_t typeId, std::uint32_t count) const {
    std::vector<std::uint32_t> rows(count);
    check(heddle_create_entities(native_, typeId, count, rows.data()));
    return rows;
  }

  /// Deletes the entities in these rows. NotFound: no entity in a row, or a row listed twice; then
  /// none is deleted.
  void deleteRows(Rows rows) const {
    check(heddle_delete_entities(native_, rows.data(), rows.size()));
  }

  /// Gives the entities in these rows a field. Those that lacked it get zeros. Write next, without
  /// another call. NotFound; CapacityExceeded: no further field allowed. Then nothing changes.
  template <class T>
  void give(const Field<T>& field, Rows rows) const {
    check(heddle_give(native_, field.native(), rows.data(), rows.size()));
  }
  /// Removes a field from the entities in these rows. NotFound; then nothing changes.
  template <class T>
  void take(const Field<T>& field, Rows rows) const {
    check(heddle_take(native_, field.index(), rows.data(), rows.size()));
  }

  /// Says that positions of all rows were written, or of those from `from` up to `to`.
  void moved() const { moved(0, rows()); }
  void moved(std::uint32_t from, std::uint32_t to) const { check(heddle_moved(native_, from, to)); }

  /// Says that values of a field were written in all rows, or in those from `from` up to `to`: from
  /// now on all their entities have it. CapacityExceeded where one may have no further field.
  template <class T>
  void stored(const Field<T>& field) const {
    stored(field, 0, rows());
  }
  template <class T>
  void stored(const Field<T>& field, std::uint32_t from, std::uint32_t to) const {
    check(heddle_stored(native_, field.native(), from, to));
  }

  /// Says that anything of a few rows was written: positions, and values of fields that their
  /// entities have. NotFound: no entity; InvalidArgument: outside of the world.
  void touched(Rows rows) const { check(heddle_touched_rows(native_, rows.data(), rows.size())); }
  void touch(std::uint32_t row) const { check(heddle_touched(native_, row)); }

  /// Goes over the positions of all rows in pieces, each while it is in the processor's cache: the
  /// fastest way to move most entities in most ticks. `body(Position* positions, uint32_t from,
  /// uint32_t to)` reads and writes `positions[from]` up to `positions[to - 1]` only, and makes no
  /// call of the application. Call nothing afterwards. Where the body throws, the rows that it has
  /// not reached keep their positions.
  template <class Body>
  void sweep(Body&& body) const {
    using Callable = std::remove_reference_t<Body>;
    struct Sweep {
      Callable* body;
      std::exception_ptr thrown;
    } sweep{std::addressof(body), nullptr};
    check(heddle_sweep(
        native_,
        [](void* context, float* positions, std::uint32_t from, std::uint32_t to) {
          auto& swept = *static_cast<Sweep*>(context);
          if (swept.thrown) return;
          try {
            (*swept.body)(reinterpret_cast<Position*>(positions), from, to);
          } catch (...) {
            swept.thrown = std::current_exception();
          }
        },
        &sweep));
    if (sweep.thrown) std::rethrow_exception(sweep.thrown);
  }

  /// Entities that this app owns from this tick on. In a process's first tick: all. Read
  /// `departedRows` first, and both before you create or delete.
  Rows arrivedRows() const {
    const heddle_tick_rows changes = tickRows();
    return {changes.arrived, changes.arrived_count};
  }
  /// Rows and ids that entities had which another app owns from this tick on.
  Rows departedRows() const {
    const heddle_tick_rows changes = tickRows();
    return {changes.departed, changes.departed_count};
  }
  Span<const double> departedIds() const {
    const heddle_tick_rows changes = tickRows();
    return {changes.departed_ids, changes.departed_count};
  }
  /// Entities whose handoff failed because the target is full.
  Rows rejectedRows() const {
    const heddle_tick_rows changes = tickRows();
    return {changes.rejected, changes.rejected_count};
  }

  /// The rows of entities; -1 for those that this app does not own. Goes over all rows: ask once a
  /// tick for all that you need.
  std::vector<std::int64_t> rowsOf(Span<const double> ids) const {
    std::vector<std::int64_t> rows(ids.size());
    check(heddle_rows_of(native_, ids.data(), ids.size(), rows.data()));
    return rows;
  }
  /// The handle of a row's entity, for calls that take one. NotFound.
  Entity entity(std::uint32_t row) const {
    heddle_entity entity;
    check(heddle_owned_entity(native_, row, &entity));
    return Entity(entity);
  }

 private:
  /// All columns but the positions, which a sweep is to find as they were.
  heddle_columns table() const {
    heddle_columns columns;
    check(heddle_owned_rows(native_, &columns));
    return columns;
  }
  template <class T>
  Span<const T> of(const T* heddle_columns::*column) const {
    const heddle_columns all = table();
    return {all.*column, all.rows};
  }
  heddle_tick_rows tickRows() const {
    heddle_tick_rows rows;
    check(heddle_tick_changes(native_, &rows));
    return rows;
  }
  void check(heddle_error error) const { detail::check(error, native_); }

  heddle_application* native_;
};

}  // namespace heddle

#endif
