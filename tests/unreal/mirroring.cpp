// A view app that mirrors the wanderers of domain Cells through overlapping boxes that move, and
// compares the mirror in each tick with what the library says is there. Prints a line for each
// difference, and after some ticks `mirrored`.

#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "HeddleMirror.h"

namespace {

int Faults = 0;

void Expect(bool Holds, const char* What, uint64_t Id) {
  if (Holds) return;
  Faults++;
  std::printf("fault: %s, entity %llu\n", What, static_cast<unsigned long long>(Id));
}

struct FPlaces : IHeddleMirrorTarget {
  struct FPlace {
    float X, Y, Z;
  };
  std::map<uint64_t, FPlace> Known;
  /** What happened to each entity in this update. */
  std::set<uint64_t> Told;
  int Adds = 0, Updates = 0, Removes = 0;

  void Tell(uint64_t Id) { Expect(Told.insert(Id).second, "told twice in an update", Id); }
  void Added(heddle_entity& Entity, const float Position[3]) override {
    Tell(Entity.id);
    Expect(Known.count(Entity.id) == 0, "added though it is there", Entity.id);
    Expect(Entity.type >= 512, "added without its type", Entity.id);
    Known[Entity.id] = {Position[0], Position[1], Position[2]};
    Adds++;
  }
  void Updated(heddle_entity& Entity, const float Position[3]) override {
    Tell(Entity.id);
    Expect(Known.count(Entity.id) == 1, "updated though it is not there", Entity.id);
    Known[Entity.id] = {Position[0], Position[1], Position[2]};
    Updates++;
  }
  void Removed(uint64_t Id) override {
    Tell(Id);
    Expect(Known.erase(Id) == 1, "removed though it is not there", Id);
    Removes++;
  }
};

/** Boxes that cover a half each, and overlap more and less. */
heddle_box BoxOf(int Side, uint64_t Update) {
  const float Edge = 300.0f * std::sin(float(Update) / 3.0f);
  return Side == 0 ? heddle_box{-1000, -1000, Edge, 1000}
                   : heddle_box{Edge - 200.0f, -1000, 1000, 1000};
}

void Compare(heddle_application* App, const std::set<uint32_t>& Subscriptions, FPlaces& Places) {
  std::set<uint64_t> Seen;
  for (const uint32_t Subscription : Subscriptions) {
    const heddle_entity* Entities = nullptr;
    size_t Count = 0;
    heddle_subscribed_entities(App, Subscription, &Entities, &Count);
    for (size_t Place = 0; Place < Count; Place++) {
      heddle_entity Entity = Entities[Place];
      Seen.insert(Entity.id);
      float At[3];
      heddle_load_position(App, &Entity, At);
      const auto Found = Places.Known.find(Entity.id);
      Expect(Found != Places.Known.end(), "not mirrored", Entity.id);
      if (Found == Places.Known.end()) continue;
      const bool IsEqual =
          Found->second.X == At[0] && Found->second.Y == At[1] && Found->second.Z == At[2];
      Expect(IsEqual, "mirrored at another place", Entity.id);
    }
  }
  for (const auto& Known : Places.Known)
    Expect(Seen.count(Known.first) == 1, "mirrored though nobody covers it", Known.first);
}

}  // namespace

int main() {
  heddle_application* App = nullptr;
  if (heddle_create_application(&App) != HEDDLE_OK) return 1;
  uint32_t Cells = 0, Sides[2] = {};
  heddle_domain_by_name(App, "Cells", &Cells);
  FPlaces Places;
  FHeddleMirror Mirror(Places);
  std::set<uint32_t> Subscriptions;
  for (uint64_t Update = 0; heddle_begin_update(App) == HEDDLE_OK; Update++) {
    for (int Side = 0; Side < 2; Side++) {
      const heddle_box Box = BoxOf(Side, Update);
      if (Update == 0) {
        heddle_create_subscription(App, Cells, &Box, &Sides[Side]);
        Subscriptions.insert(Sides[Side]);
      } else if (Subscriptions.count(Sides[Side]) == 1) {
        heddle_modify_subscription(App, Sides[Side], &Box);
      }
    }
    Places.Told.clear();
    if (Update == 40) {
      heddle_delete_subscription(App, Sides[0]);
      Subscriptions.erase(Sides[0]);
      Mirror.Forget(Sides[0]);
      Places.Told.clear();
    }
    if (Mirror.Update(App) != HEDDLE_OK) std::printf("%s\n", heddle_last_error_message(App));
    Compare(App, Subscriptions, Places);
    Expect(Mirror.Num() == Places.Known.size(), "another number of entities", Mirror.Num());
    if (Update == 50) {
      Places.Told.clear();
      Mirror.Clear();
      Expect(Places.Known.empty(), "cleared, but not empty", 0);
      Expect(Places.Adds > 100 && Places.Updates > 100 && Places.Removes > 100, "too calm", 0);
      std::printf("mirrored, %d faults\n", Faults);
      std::fflush(stdout);
    }
    heddle_commit(App);
    if (Update == 50) break;
  }
  heddle_destroy_application(App);
  return 0;
}
