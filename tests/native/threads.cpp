// Two partitions' owners as threads over the same memory, each reading the other, so that TSan sees
// what it cannot see between processes. Owns the smallest clock that lets them live: nobody leaves
// its cell, so there is nothing to grant. `threads 3000` runs so many ticks.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include "memory/messages.hpp"
#include "memory/private-segments.hpp"
#include "owner/partition-owner.hpp"
#include "reader/subscription.hpp"

using namespace heddle;

namespace {

constexpr uint32_t partitions = 2;

class LockedSegments final : public Segments {
 public:
  Segment& open(const std::string& name, uint64_t offset, uint64_t bytes, bool writable) override {
    const std::lock_guard<std::mutex> guard(mutex_);
    return segments_.open(name, offset, bytes, writable);
  }

 private:
  std::mutex mutex_;
  PrivateSegments segments_;
};

LockedSegments segments;
uint8_t* control;
std::atomic<bool> isOver{false};
std::atomic<uint64_t> seen{0};

World twoCells() {
  World world;
  const Grid grid({-100, -100, 100, 100}, partitions, 1);
  world.domains.push_back({"Cells", "BySpatialSubdivision", grid, 0});
  return world;
}

/** Changes some of its own, as an app may do. */
void live(PartitionOwner& owner, std::mt19937& random, float minX) {
  const auto fraction = [&] { return float(random() % 10000) / 10000; };
  const auto move = [&](uint32_t row) {
    owner.setPosition(row, minX + fraction() * 99, fraction() * 180 - 90, 0);
  };
  const bool dies = random() % 50 == 0;
  for (uint32_t births = random() % 3 == 0 ? random() % 40 : 0; births > 0; births--)
    move(uint32_t(owner.create(512)));
  const uint8_t bytes[64] = {1, 2, 3};
  for (uint32_t row = 0; row < owner.rows(); row++) {
    if (owner.back->state[row] == rowFree) continue;
    const uint32_t what = random() % 12;
    if (dies || what == 0) owner.remove(row);
    else if (what == 1) move(row);
    else if (what == 2) owner.storeField(row, 1 + random() % 4, 600, bytes, random() % 64);
    else if (what == 3) owner.removeField(row, 1);
  }
  if (random() % 5 == 0) {
    float* positions = owner.position();
    for (uint32_t row = 0; row < owner.rows(); row++) positions[row * 3 + 2] += 1;
    owner.moved(0, owner.rows());
  }
  if (random() % 7 == 0) owner.keepWholeIndex();
  owner.send(1 - owner.index, bytes, 5);
}

/** Reads what the other has committed. */
void look(Fabric& fabric, Subscription& subscription, uint32_t own, double committed) {
  seen += subscription.look(committed).size() + readMessages(fabric, own, committed).size();
  for (const CoveredRows& covered : subscription.covered(committed)) {
    const FieldView field = covered.memory->field(uint64_t(committed) % 2, 1);
    for (const Place& place : covered.places)
      if (field && field.length[place.row] > 1) seen += field.of(place.row)[0];
  }
}

void runApp(uint32_t own) {
  Fabric fabric(segments, twoCells(), own);
  OwnerOptions options;
  options.indexRowsMin = 16;
  options.refusesOutside = true;
  options.peaks.windowTicks = 16;
  PartitionOwner owner(fabric, own, options);
  Subscription subscription(fabric, own, 0, {-20, -100, 20, 100});
  std::mt19937 random(own + 1);
  for (;;) {
    while (!fabric.isAsked(own)) {
      if (isOver) return;
      std::this_thread::yield();
    }
    owner.begin(fabric.control.tick());
    owner.interests = {{0, subscription.box()}};
    live(owner, random, own == 0 ? -100 : 0);
    look(fabric, subscription, own, owner.tick - 1);
    owner.finish();
    fabric.commit(own);
  }
}

template <class Number>
void write(uint32_t entry, Number value) {
  at<Number>(control, entry) = value;
}

void writeControl() {
  heddle_sizes sizes = {};
  sizes.partition_capacity = partitions;
  const uint64_t records = heddle_partitions_offset(sizes);
  const uint64_t each = HEDDLE_PARTITION_BYTES + HEDDLE_PARTITION_METER_BYTES;
  const uint64_t end = records + partitions * each + HEDDLE_CLOCK_METER_BYTES;
  const uint64_t bytes = heddle_round_up(end, HEDDLE_PAGE_BYTES);
  control = segments.open(HEDDLE_FILE_CONTROL, 0, bytes, true).data;
  write(HEDDLE_CONTROL_AT_PARTITION_CAPACITY, partitions);
  write(HEDDLE_CONTROL_AT_PARTITION_COUNT, partitions);
  write(HEDDLE_CONTROL_AT_ENTITY_LIMIT, 2000);
  write(HEDDLE_CONTROL_AT_FIELD_BYTES_MAX, 128);
  write(HEDDLE_CONTROL_AT_MESSAGE_LIMIT, 64);
  write(HEDDLE_CONTROL_AT_MESSAGE_BYTES_MAX, 64);
  write(HEDDLE_CONTROL_AT_MESSAGE_HEAP_BYTES, 4096);
  write(HEDDLE_CONTROL_AT_FIELDS_PER_ENTITY, HEDDLE_FIELD_INDEX_MAX);
  write(HEDDLE_CONTROL_AT_MEMORY_PAGES_MAX, INT32_MAX);
  write(HEDDLE_CONTROL_AT_LAYOUT_VERSION, HEDDLE_VERSION);
  write(HEDDLE_CONTROL_AT_MAGIC, HEDDLE_MAGIC);
  for (uint32_t index = 0; index < partitions; index++) {
    uint8_t* record = control + records + index * HEDDLE_PARTITION_BYTES;
    at<uint32_t>(record, HEDDLE_PARTITION_AT_EPOCH) = 1;
    at<uint32_t>(record, HEDDLE_PARTITION_AT_CELL) = index;
    at<int32_t>(record, HEDDLE_PARTITION_AT_STATE) = HEDDLE_PARTITION_IN_USE;
  }
}

void runTick(Fabric& fabric, double tick) {
  write(HEDDLE_CONTROL_AT_TICK, tick);
  storeWord(reinterpret_cast<uint8_t*>(fabric.control.wakeWord()), 0, partitions);
  for (uint32_t index = 0; index < partitions; index++)
    storeWord(control, heddle_asked_offset() + index * 4, int32_t(tick));
  for (uint32_t index = 0; index < partitions; index++)
    while (fabric.isAsked(index)) std::this_thread::yield();
  // As if each had opened a field and read another box: the owners look more often than they need.
  write(HEDDLE_CONTROL_AT_INTERESTS_TICK, tick);
  write(HEDDLE_CONTROL_AT_FIELDS_TICK, tick);
  write(HEDDLE_CONTROL_AT_COMMITTED_TICK, tick);
}

}  // namespace

int main(int, char** words) {
  writeControl();
  Fabric fabric(segments, twoCells(), partitions);
  for (uint32_t index = 0; index < partitions; index++) {
    PartitionMemory& memory = fabric.partition(index);
    memory.recount();
    memory.ensureRows(1);
    for (Side& side : memory.sides) side.setNumber(HEDDLE_SIDE_AT_ID_LANE, 1 + index);
  }
  std::thread one(runApp, 0), other(runApp, 1);
  for (int tick = 1; tick <= std::atoi(words[1]); tick++) runTick(fabric, tick);
  isOver = true;
  one.join();
  other.join();
  std::printf("seen: %llu\n", static_cast<unsigned long long>(seen.load()));
  return seen == 0;
}
