// A whole small world in this process, for testing an app alone: one spatial partition and a clock.
// Owns pacing, the end after a given time, and what a clock of one partition does between two
// ticks. It grants nothing: nobody is there who could be handed anything. Never shares memory.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>

#include "../failure.hpp"
#include "../memory/private-segments.hpp"
#include "host.hpp"

namespace heddle {

namespace {

constexpr double defaultRate = 30;
constexpr heddle_box defaultBounds = {-1000, -1000, 1000, 1000};
constexpr uint32_t defaultEntities = 8192;
constexpr size_t nameBytesMax = 256;
/** A lane of ids is replaced once so many are given. */
constexpr double idCounterMax = 2147483648.0;

double nowMs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) * 1000 + double(time.tv_nsec) / 1e6;
}

/** The config with its defaults. Throws Failure where a number is none that it can be. */
heddle_standalone_config checked(heddle_standalone_config config) {
  const auto refuse = [](const char* what) { throw Failure(HEDDLE_INVALID_ARGUMENT, what); };
  heddle_box& bounds = config.bounds;
  if (!(config.seconds >= 0 && std::isfinite(config.seconds)))
    refuse("`seconds` of a standalone application is a number from 0 on");
  if (config.tick_rate == 0) config.tick_rate = defaultRate;
  if (config.tick_rate == HEDDLE_TICK_RATE_UNLIMITED) config.tick_rate = INFINITY;
  if (!(config.tick_rate > 0))
    refuse("`tick_rate` is a number above 0, 0 for the default, or HEDDLE_TICK_RATE_UNLIMITED");
  if (bounds.min_x == 0 && bounds.min_y == 0 && bounds.max_x == 0 && bounds.max_y == 0)
    bounds = defaultBounds;
  const bool isBox = bounds.min_x < bounds.max_x && bounds.min_y < bounds.max_y;
  if (!isBox || !std::isfinite(double(bounds.max_x) - bounds.min_x) ||
      !std::isfinite(double(bounds.max_y) - bounds.min_y))
    refuse("`bounds` of a standalone application are no box with an area");
  if (!config.domain) config.domain = "Standalone";
  if (config.entities_per_partition == 0) config.entities_per_partition = defaultEntities;
  return config;
}

class StandaloneHost final : public Host {
 public:
  explicit StandaloneHost(const heddle_standalone_config& config);
  Turn poll() override;
  void wait(int milliseconds) override;
  void committed() override;
  void destroyed() override { isOver_ = true; }

 private:
  template <class Number>
  Number& control(uint32_t entry) {
    return at<Number>(control_, entry);
  }
  void writeControl(const heddle_standalone_config& config);
  void writePartition(const std::string& name);
  void release(double now);
  void barrier(double tick);

  uint8_t* control_ = nullptr;
  /** Between two ticks; 0 where none is waited for. */
  const double tickMs_;
  const double ticks_;
  double dueMs_ = nowMs();
  bool isOver_ = false;
};

StandaloneHost::StandaloneHost(const heddle_standalone_config& config)
    : tickMs_(1000 / config.tick_rate),
      ticks_(std::floor(
          config.seconds * (std::isinf(config.tick_rate) ? defaultRate : config.tick_rate) + 0.5)) {
  const heddle_box& bounds = config.bounds;
  World world;
  const Grid grid({bounds.min_x, bounds.min_y, bounds.max_x, bounds.max_y}, 1, 1);
  world.domains.push_back({config.domain, "BySpatialSubdivision", grid, 0});
  const std::string name = std::string(config.domain) + "-0-0";
  if (name.size() > nameBytesMax)
    throw Failure(HEDDLE_INVALID_ARGUMENT, "`domain` of a standalone application is too long");
  segments = std::make_unique<PrivateSegments>();
  writeControl(config);
  writePartition(name);
  fabric = std::make_unique<Fabric>(*segments, std::move(world), partition);
  PartitionMemory& memory = fabric->partition(partition);
  memory.recount();
  require(memory.ensureRows(1), "private memory is always claimed");
  for (Side& side : memory.sides) side.setNumber(HEDDLE_SIDE_AT_ID_LANE, 1);
}

/** As a worker makes it, with nothing committed yet. */
void StandaloneHost::writeControl(const heddle_standalone_config& config) {
  heddle_sizes sizes = {};
  sizes.partition_capacity = 1;
  const uint64_t bytes = heddle_round_up(heddle_partitions_offset(sizes) + HEDDLE_PARTITION_BYTES +
                                             HEDDLE_PARTITION_METER_BYTES + HEDDLE_CLOCK_METER_BYTES,
                                         HEDDLE_PAGE_BYTES);
  control_ = segments->open(HEDDLE_FILE_CONTROL, 0, bytes, true).data;
  control<uint32_t>(HEDDLE_CONTROL_AT_PARTITION_CAPACITY) = 1;
  control<uint32_t>(HEDDLE_CONTROL_AT_ENTITY_LIMIT) = config.entities_per_partition;
  control<uint32_t>(HEDDLE_CONTROL_AT_FIELD_BYTES_MAX) = 1024;
  control<uint32_t>(HEDDLE_CONTROL_AT_MESSAGE_LIMIT) = 128;
  control<uint32_t>(HEDDLE_CONTROL_AT_MESSAGE_BYTES_MAX) = 256;
  control<uint32_t>(HEDDLE_CONTROL_AT_MESSAGE_HEAP_BYTES) = 128 * 256;
  control<uint32_t>(HEDDLE_CONTROL_AT_FIELDS_PER_ENTITY) = HEDDLE_FIELD_INDEX_MAX;
  control<int32_t>(HEDDLE_CONTROL_AT_MEMORY_PAGES_MAX) = INT32_MAX;
  control<double>(HEDDLE_CONTROL_AT_NEXT_ID_LANE) = 2;
  control<double>(HEDDLE_CONTROL_AT_TICK_RATE) = tickMs_ == 0 ? 0 : config.tick_rate;
  control<uint32_t>(HEDDLE_CONTROL_AT_STRAYING) = 1;
  control<uint32_t>(HEDDLE_CONTROL_AT_LAYOUT_VERSION) = HEDDLE_VERSION;
  control<uint32_t>(HEDDLE_CONTROL_AT_MAGIC) = HEDDLE_MAGIC;
}

void StandaloneHost::writePartition(const std::string& name) {
  heddle_sizes sizes = {};
  sizes.partition_capacity = 1;
  uint8_t* record = control_ + heddle_partitions_offset(sizes);
  std::memcpy(record + HEDDLE_PARTITION_AT_NAME, name.data(), name.size());
  at<uint32_t>(record, HEDDLE_PARTITION_AT_NAME_BYTES) = uint32_t(name.size());
  at<uint32_t>(record, HEDDLE_PARTITION_AT_EPOCH) = 1;
  at<int32_t>(record, HEDDLE_PARTITION_AT_STATE) = HEDDLE_PARTITION_IN_USE;
  control<uint32_t>(HEDDLE_CONTROL_AT_PARTITION_COUNT) = 1;
}

Host::Turn StandaloneHost::poll() {
  if (isOver_) return Turn::shutdown;
  if (fabric->isAsked(partition)) return Turn::tick;
  if (fabric->control.committedTick() >= ticks_) return Turn::shutdown;
  const double now = nowMs();
  if (now < dueMs_) return Turn::wait;
  release(now);
  return Turn::tick;
}

/** The next tick keeps to the schedule; what is late by more than a tick is not made up for. */
void StandaloneHost::release(double now) {
  const bool isLate = now - dueMs_ >= tickMs_;
  dueMs_ = isLate ? now + tickMs_ : dueMs_ + tickMs_;
  const double tick = fabric->control.committedTick() + 1;
  control<double>(HEDDLE_CONTROL_AT_TICK) = tick;
  // Low bits: so many apps have not committed.
  storeWord(reinterpret_cast<uint8_t*>(fabric->control.wakeWord()), 0, 1);
  storeWord(control_, heddle_asked_offset(), int32_t(uint32_t(uint64_t(tick))));
}

void StandaloneHost::wait(int milliseconds) {
  const double left = std::min(dueMs_ - nowMs(), double(milliseconds));
  if (left <= 0) return;
  const long nanoseconds = long(std::ceil(left * 1e6));
  const timespec time{nanoseconds / 1000000000L, nanoseconds % 1000000000L};
  nanosleep(&time, nullptr);
}

void StandaloneHost::committed() {
  fabric->commit(partition);
  barrier(fabric->control.tick());
}

/** What the barrier does of a world of one partition, whose entities can go nowhere. */
void StandaloneHost::barrier(double tick) {
  PartitionMemory& memory = fabric->partition(partition);
  Side& side = memory.side(tick);
  require(side.get(HEDDLE_SIDE_AT_HANDOFF_GROUPS) == 0, "nobody leaves a world of one partition");
  if (side.number(HEDDLE_SIDE_AT_ID_COUNTER) >= idCounterMax) {
    side.setNumber(HEDDLE_SIDE_AT_ID_LANE, control<double>(HEDDLE_CONTROL_AT_NEXT_ID_LANE)++);
    side.setNumber(HEDDLE_SIDE_AT_ID_COUNTER, 0);
  }
  const auto newest = [&](uint32_t entry, double said) {
    control<double>(entry) = std::max(control<double>(entry), said);
  };
  newest(HEDDLE_CONTROL_AT_INTERESTS_TICK, memory.appTick(HEDDLE_APP_AT_INTERESTS_TICK));
  newest(HEDDLE_CONTROL_AT_FIELDS_TICK, memory.appTick(HEDDLE_APP_AT_FIELDS_TICK));
  control<uint32_t>(HEDDLE_CONTROL_AT_STRAYING) = side.get(HEDDLE_SIDE_AT_STRAYS);
  control<double>(HEDDLE_CONTROL_AT_COMMITTED_TICK) = tick;
}

}  // namespace

std::unique_ptr<Host> makeStandaloneWorld(const heddle_standalone_config& config) {
  return std::make_unique<StandaloneHost>(checked(config));
}

}  // namespace heddle
