// The app of a cell: walks the walkers that it owns, in every tick.
//
//   spatial [walkers at the beginning, in this cell]
//
// Keeps handles alone. All that a walker is stands in its entity, so the app may be killed at any
// time: its next process is told of all that it owns.

#include <cstdlib>
#include <unordered_map>

#include "../common/weaver.hpp"

namespace pathfinding {
namespace {

class Cell {
 public:
  explicit Cell(int count) : map_("map.txt"), count_(count) {}

  Result<void> update(Api::Transaction &txn) {
    WEAVERRUNTIME_TRY(auto tick, Api::CurrentTick(txn));
    if (tick.value == 1) WEAVERRUNTIME_TRY(populate(txn));
    WEAVERRUNTIME_TRY(keepHandles(txn));
    for (const auto &[id, entity] : walkers_) WEAVERRUNTIME_TRY(move(txn, id, entity));
    return Success();
  }

 private:
  /// Puts walkers on free squares of this cell; the same ones in every run.
  Result<void> populate(Api::Transaction &txn) {
    WEAVERRUNTIME_TRY(Api::PartitionSet own, Api::AssignedPartitions(txn));
    const Api::BoundingBox2F32 cell = own.partitions.front().bounds;
    const int columns = static_cast<int>(cell.max.x - cell.min.x);
    const int rows = static_cast<int>(cell.max.y - cell.min.y);
    int made = 0;
    for (int step = 0; made < count_ && step < columns * rows; ++step) {
      const int square = step * 37 % (columns * rows);
      const int x = static_cast<int>(cell.min.x) + square % columns;
      const int y = static_cast<int>(cell.min.y) + square / columns;
      if (!map_.isFree(x, y)) continue;
      WEAVERRUNTIME_TRY(Api::Entity entity, Api::CreateEntity(txn, WALKER));
      const Api::EntityId id = entity.descriptor->id;
      WEAVERRUNTIME_TRY(
          storeWalker(txn, entity, {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f},
                      {nextGoal(id, 0, map_.goals.size()), 0}));
      walkers_.emplace(id, entity);
      ++made;
    }
    return Success();
  }

  Result<void> keepHandles(Api::Transaction &txn) {
    WEAVERRUNTIME_TRY(Api::OwnershipChangeList list, Api::OwnershipChanges(txn));
    for (const Api::OwnershipChange &change : list.changes) {
      const Api::EntityId id = change.entity.descriptor->id;
      if (change.action == Api::ChangeListAction::Add) walkers_.emplace(id, change.entity);
      if (change.action == Api::ChangeListAction::Remove) walkers_.erase(id);
    }
    return Success();
  }

  Result<void> move(Api::Transaction &txn, Api::EntityId id, const Api::Entity &entity) {
    Place place;
    WEAVERRUNTIME_TRY(Walker walker, loadWalker(txn, entity, place));
    const Place next = walk(map_, id, walker, place);
    return storeWalker(txn, entity, next, walker);
  }

  GridMap map_;
  int count_;
  std::unordered_map<Api::EntityId, Api::Entity> walkers_;
};

}  // namespace
}  // namespace pathfinding

int main(int argc, char **argv) {
  try {
    pathfinding::Cell cell(argc > 1 ? std::atoi(argv[1]) : 30);
    return pathfinding::runTicks([&](auto &txn) { return cell.update(txn); });
  } catch (const std::exception &error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
