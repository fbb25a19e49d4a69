// The runtime's parts for the simulator, over memory that it provides: owner, subscription,
// messages. Owns the translation to plain numbers; never in libheddle itself.

#include <cstring>
#include <exception>
#include <map>
#include <string>

#include "../src/failure.hpp"
#include "../src/memory/messages.hpp"
#include "../src/owner/partition-owner.hpp"
#include "../src/reader/box-query.hpp"
#include "../src/reader/subscription.hpp"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using namespace heddle;

using OpenCall = int32_t (*)(int32_t memory, const char* name, double offset, double bytes);
using AddressCall = uint64_t (*)(int32_t segment);
using ClaimCall = int32_t (*)(int32_t segment, double offset, double bytes);

OpenCall openCall;
AddressCall addressCall;
ClaimCall claimCall, releaseCall;
std::string lastError;

class CalledSegment final : public Segment {
 public:
  explicit CalledSegment(int32_t number) : number(number) {}
  bool claim(uint64_t offset, uint64_t count) override {
    return claimCall(number, double(offset), double(count)) != 0;
  }
  void release(uint64_t offset, uint64_t count) override {
    releaseCall(number, double(offset), double(count));
  }
  const int32_t number;
};

class CalledSegments final : public Segments {
 public:
  explicit CalledSegments(int32_t memory) : memory_(memory) {}
  Segment& open(const std::string& name, uint64_t offset, uint64_t bytes, bool) override {
    const int32_t number = openCall(memory_, name.c_str(), double(offset), double(bytes));
    std::unique_ptr<CalledSegment>& segment = open_[number];
    if (!segment) segment = std::make_unique<CalledSegment>(number);
    segment->data = reinterpret_cast<uint8_t*>(addressCall(number));
    segment->bytes = bytes;
    return *segment;
  }

 private:
  const int32_t memory_;
  std::map<int32_t, std::unique_ptr<CalledSegment>> open_;
};

struct TestWorld {
  TestWorld(int32_t memory, const char* world, uint32_t own)
      : segments(memory), fabric(segments, World(world), own) {}
  CalledSegments segments;
  Fabric fabric;
};

/** 0 done, 1 the process died, 2 an entity is outside, 3 anything else: see the last error. */
template <class Work>
int32_t guarded(Work work) {
  try {
    work();
    return 0;
  } catch (const Death&) {
    return 1;
  } catch (const Outside& outside) {
    lastError = "the entity in row " + std::to_string(outside.row) + " is outside";
    return 2;
  } catch (const std::exception& error) {
    lastError = error.what();
    return 3;
  }
}

/** By owner that is to die: after how many more writes. */
std::map<PartitionOwner*, int32_t> writesLeft;

/** Owners take turns: only this one's writes are counted. */
template <class Work>
int32_t dying(PartitionOwner* owner, int32_t writes, Work work) {
  writesToDeath = writes;
  const int32_t outcome = guarded(work);
  writesLeft[owner] = writesToDeath;
  writesToDeath = 0;
  return outcome;
}

std::vector<SubscriptionEvent> looked;
std::vector<IncomingMessage> received;
std::vector<SeenEntity> seen;
PlaceList found;

}  // namespace

EXPORT void test_calls(OpenCall open, AddressCall address, ClaimCall claim, ClaimCall release) {
  openCall = open;
  addressCall = address;
  claimCall = claim;
  releaseCall = release;
}
EXPORT const char* test_last_error() { return lastError.c_str(); }

EXPORT TestWorld* test_world(int32_t memory, const char* world, uint32_t own) {
  TestWorld* made = nullptr;
  guarded([&] { made = new TestWorld(memory, world, own); });
  return made;
}
EXPORT void test_world_end(TestWorld* world) { delete world; }

EXPORT PartitionOwner* test_owner(TestWorld* world, uint32_t index, uint32_t indexRowsMin,
                                  int32_t refusesOutside, uint32_t windowTicks,
                                  double spareShareMin) {
  OwnerOptions options;
  options.indexRowsMin = indexRowsMin;
  options.refusesOutside = refusesOutside != 0;
  options.peaks = {windowTicks, spareShareMin};
  PartitionOwner* made = nullptr;
  guarded([&] { made = new PartitionOwner(world->fabric, index, options); });
  return made;
}
EXPORT void test_owner_end(PartitionOwner* owner) {
  writesLeft.erase(owner);
  delete owner;
}

EXPORT int32_t test_begin(PartitionOwner* owner, double tick, int32_t diesAtWrite) {
  return dying(owner, diesAtWrite, [&] { owner->begin(tick); });
}
EXPORT void test_interest(PartitionOwner* owner, uint32_t domain, double minX, double minY,
                          double maxX, double maxY) {
  owner->interests.push_back({domain, {minX, minY, maxX, maxY}});
}
EXPORT int32_t test_finish(PartitionOwner* owner) {
  const int32_t outcome = dying(owner, writesLeft[owner], [&] { owner->finish(); });
  owner->interests.clear();
  return outcome;
}
EXPORT uint32_t test_rows(PartitionOwner* owner) { return owner->rows(); }
EXPORT uint32_t test_population(PartitionOwner* owner) { return owner->population(); }
EXPORT void test_take_positions(PartitionOwner* owner) { owner->position(); }
/** Numbers of what came, left and could not. */
EXPORT uint32_t test_ownership(PartitionOwner* owner, uint32_t kind, uint32_t place,
                               double* number) {
  const OwnershipOfTick& ownership = owner->ownership;
  if (kind == 0) {
    if (number) *number = ownership.added[place];
    return uint32_t(ownership.added.size());
  }
  if (kind == 1) {
    if (number) {
      const Removed& removed = ownership.removed[place];
      number[0] = removed.row;
      number[1] = removed.id;
      number[2] = removed.type;
    }
    return uint32_t(ownership.removed.size());
  }
  if (number) *number = ownership.rejected[place];
  return uint32_t(ownership.rejected.size());
}
EXPORT double test_create(PartitionOwner* owner, uint32_t type) {
  return double(owner->create(type));
}
EXPORT void test_delete(PartitionOwner* owner, uint32_t row) { owner->remove(row); }
EXPORT void test_set_position(PartitionOwner* owner, uint32_t row, double x, double y, double z) {
  owner->setPosition(row, float(x), float(y), float(z));
}
EXPORT void test_moved(PartitionOwner* owner, uint32_t from, uint32_t to) {
  owner->moved(from, to);
}
EXPORT void test_begin_piece(PartitionOwner* owner, uint32_t from, uint32_t to) {
  owner->beginPiece(from, to);
}
EXPORT void test_end_piece(PartitionOwner* owner, uint32_t from, uint32_t to) {
  owner->endPiece(from, to);
}
EXPORT void test_end_sweep(PartitionOwner* owner) { owner->endSweep(); }
EXPORT void test_set_destination(PartitionOwner* owner, uint32_t row, uint32_t domain) {
  owner->setDestination(row, domain);
}
EXPORT int32_t test_store_field(PartitionOwner* owner, uint32_t row, uint32_t field,
                                uint32_t typeId, const uint8_t* bytes, uint32_t length) {
  return owner->storeField(row, field, typeId, bytes, length);
}
EXPORT int32_t test_shaped_field(PartitionOwner* owner, uint32_t field, uint32_t bytes,
                                 uint32_t align) {
  return bool(owner->shapedField(field, bytes, align));
}
EXPORT double test_stored_field(PartitionOwner* owner, uint32_t field, uint32_t typeId,
                                uint32_t bytes, uint32_t from, uint32_t to) {
  return double(owner->storedField(field, typeId, bytes, from, to));
}
EXPORT int32_t test_remove_field(PartitionOwner* owner, uint32_t row, uint32_t field) {
  return owner->removeField(row, field);
}
EXPORT void test_keep_whole_index(PartitionOwner* owner) { owner->keepWholeIndex(); }
EXPORT int32_t test_send(PartitionOwner* owner, uint32_t target, const uint8_t* payload,
                         uint32_t bytes) {
  return owner->send(target, payload, bytes);
}

EXPORT Subscription* test_subscription(TestWorld* world, uint32_t owner, uint32_t domain,
                                       double minX, double minY, double maxX, double maxY) {
  return new Subscription(world->fabric, owner, domain, {minX, minY, maxX, maxY});
}
EXPORT void test_subscription_end(Subscription* subscription) { delete subscription; }
EXPORT void test_move_to(Subscription* subscription, double minX, double minY, double maxX,
                         double maxY) {
  subscription->moveTo({minX, minY, maxX, maxY});
}
EXPORT int32_t test_look(Subscription* subscription, double tick) {
  looked.clear();
  const int32_t outcome = guarded([&] { looked = subscription->look(tick); });
  return outcome == 0 ? int32_t(looked.size()) : -1;
}
EXPORT int32_t test_seen(Subscription* subscription) {
  seen = subscription->seen();
  return int32_t(seen.size());
}
/** Of the last look or list: kind, id, type, partition, row. */
EXPORT void test_event(uint32_t place, int32_t isSeen, double* numbers) {
  const SeenEntity& entity = isSeen ? seen[place] : looked[place].entity;
  numbers[0] = isSeen ? 0 : double(int(looked[place].kind));
  numbers[1] = entity.id;
  numbers[2] = entity.type;
  numbers[3] = entity.partition;
  numbers[4] = entity.row;
}

EXPORT int32_t test_receive(TestWorld* world, uint32_t target, double tick) {
  received.clear();
  const int32_t outcome = guarded([&] { received = readMessages(world->fabric, target, tick); });
  return outcome == 0 ? int32_t(received.size()) : -1;
}
/** Says who sent it, and how long it is in `length`. */
EXPORT uint32_t test_message(uint32_t place, uint8_t* payload, uint32_t* length) {
  const IncomingMessage& message = received[place];
  *length = uint32_t(message.payload.size());
  if (*length > 0) std::memcpy(payload, message.payload.data(), *length);
  return message.source;
}

EXPORT int32_t test_find(TestWorld* world, uint32_t partition, double tick, double minX,
                         double minY, double maxX, double maxY) {
  found.clear();
  const int32_t outcome = guarded([&] {
    findInBox(world->fabric, world->fabric.partition(partition), tick, {minX, minY, maxX, maxY},
              found);
  });
  return outcome == 0 ? int32_t(found.size()) : -1;
}
EXPORT uint32_t test_found(uint32_t place) { return found[place].row; }
