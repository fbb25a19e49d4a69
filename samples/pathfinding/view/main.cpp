// The view app: watches all walkers, and sends the picture of every third tick to its clients.
//
// A client that connects to port 7000 gets lines of text: first the map ("map 40", and as many
// lines), then pictures ("tick 300 walkers 120", and as many lines "x y goal").

#include <cstdio>
#include <memory>
#include <unordered_map>

#include "../common/weaver.hpp"
#include "audience.hpp"

namespace pathfinding {
namespace {

constexpr std::uint32_t PORT = 7000;
constexpr std::uint64_t EVERY = 3;

/// The map as clients get it.
std::string mapText(const char *file) {
  std::ifstream source(file);
  std::string text;
  int lines = 0;
  for (std::string line; std::getline(source, line); ++lines) text += line + '\n';
  return "map " + std::to_string(lines) + '\n' + text;
}

class View {
 public:
  Result<void> update(Api::Transaction &txn) {
    if (!audience_) WEAVERRUNTIME_TRY(open(txn));
    WEAVERRUNTIME_TRY(Api::SubscriptionChangeList list, Api::AllSubscriptionEvents(txn));
    for (const Api::SubscriptionEvent &event : list.changes) {
      const Api::EntityId id = event.entity.descriptor->id;
      if (event.action == Api::ChangeListAction::Remove)
        walkers_.erase(id);
      else
        walkers_.insert_or_assign(id, event.entity);
    }
    WEAVERRUNTIME_TRY(auto tick, Api::CurrentTick(txn));
    if (tick.value % EVERY != 0) return Success();
    std::string picture = "tick " + std::to_string(tick.value) + " walkers " +
                          std::to_string(walkers_.size()) + '\n';
    for (const auto &[id, entity] : walkers_) {
      Place place;
      WEAVERRUNTIME_TRY(Walker walker, loadWalker(txn, entity, place));
      char line[64];
      std::snprintf(line, sizeof line, "%.2f %.2f %u\n", static_cast<double>(place.x),
                    static_cast<double>(place.y), walker.goal);
      picture += line;
    }
    audience_->send(picture);
    return Success();
  }

 private:
  /// Subscribes to the whole spatial domain, and lets clients in.
  Result<void> open(Api::Transaction &txn) {
    WEAVERRUNTIME_TRY(Api::PartitionSet all, Api::AllPartitions(txn));
    for (const Api::Partition &partition : all.partitions) {
      if (partition.domain_type != Api::DomainType::Spatial) continue;
      const Api::BoundingBox2F32 everywhere{{-1e6f, -1e6f}, {1e6f, 1e6f}};
      WEAVERRUNTIME_TRY(
          Api::CreateSubscriptionBoundingBox2F32(txn, partition.domain_id, everywhere));
      break;
    }
    // The schema declares PORT. Where that is taken on this machine, Heddle gives the app another.
    std::uint32_t port = PORT;
    heddle_ingress_port(txn.Native(), PORT, &port);
    audience_ = std::make_unique<Audience>(static_cast<std::uint16_t>(port), mapText("map.txt"));
    std::cout << "clients on port " << port << std::endl;
    return Success();
  }

  std::unique_ptr<Audience> audience_;
  std::unordered_map<Api::EntityId, Api::Entity> walkers_;
};

}  // namespace
}  // namespace pathfinding

int main() {
  try {
    pathfinding::View view;
    return pathfinding::runTicks([&](auto &txn) { return view.update(txn); });
  } catch (const std::exception &error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
