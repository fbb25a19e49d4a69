// The loop, and what there is: partitions, limits, metrics.

#include "application.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "../failure.hpp"

namespace heddle {

namespace {

double nowMs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) * 1000 + double(time.tv_nsec) / 1e6;
}

/** The bucket that a duration is counted in: bounds are 2^2 to 2^24 microseconds. */
uint32_t bucketOf(double durationMs) {
  const double microseconds = std::ceil(durationMs * 1000);
  if (microseconds <= 4) return 0;
  if (microseconds > double(1 << 24)) return (HEDDLE_DURATION_NUMBERS - 1) - 1;
  return 32 - uint32_t(__builtin_clz(uint32_t(microseconds) - 1)) - 2;
}

OwnerOptions ownerOptions() {
  OwnerOptions options;
  options.refusesOutside = true;
  return options;
}

}  // namespace

Application::Application(std::unique_ptr<Host> host)
    : host_(std::move(host)),
      fabric_(*host_->fabric),
      owner_(fabric_, host_->partition, ownerOptions()),
      others_(owner_),
      neighbours_(fabric_, owner_),
      phaseSinceMs_(nowMs()),
      declared_(HEDDLE_FIELD_INDEX_MAX + 1) {}

/** A phase is over, and the next one begins. */
void Application::endPhase(uint32_t meter) {
  const double now = nowMs();
  double* numbers = owner_.memory.meter(meter);
  numbers[bucketOf(now - phaseSinceMs_)]++;
  numbers[HEDDLE_DURATION_NUMBERS - 1] += now - phaseSinceMs_;
  phaseSinceMs_ = now;
}

bool Application::willBlock(uint32_t milliseconds) {
  const double until = nowMs() + milliseconds;
  while (host_->poll() == Host::Turn::wait) {
    const double left = until - nowMs();
    if (left <= 0) return true;
    host_->wait(int(std::ceil(std::min(left, 1000.0))));
  }
  return false;
}

void Application::beginUpdate() {
  requireClosed();
  Host::Turn turn;
  while ((turn = host_->poll()) == Host::Turn::wait) host_->wait(1000);
  if (turn == Host::Turn::shutdown)
    throw Failure(HEDDLE_SHUTTING_DOWN,
                  "the simulation shuts down: destroy the application and exit");
  endPhase(HEDDLE_APP_METER_AT_WAIT);
  owner_.begin(fabric_.control.tick());
  ownership_.add(owner_);
  const OwnershipOfTick& ownership = owner_.ownership;
  metrics_.entered_entity += uint32_t(ownership.added.size());
  metrics_.exited_entity += uint32_t(ownership.removed.size());
  metrics_.rejected_outgoing_transfer += uint32_t(ownership.rejected.size());
  metrics_.rejected_incoming_transfer += owner_.rejectedIncoming;
  isOpen_ = true;
  hasReceived_ = false;
  endPhase(HEDDLE_APP_METER_AT_READ);
}

void Application::commit() {
  requireOpen();
  endPhase(HEDDLE_APP_METER_AT_SIMULATE);
  owner_.interests.clear();
  for (const auto& [id, subscription] : subscriptions_)
    owner_.interests.push_back({subscription.domain, subscription.box()});
  try {
    owner_.finish();
  } catch (const Outside& outside) {
    refuseOutside(outside.row);
  }
  isOpen_ = false;
  metrics_.total_committed_ticks++;
  metrics_.ticks_since_reset++;
  host_->committed();
  endPhase(HEDDLE_APP_METER_AT_COMMIT);
}

uint64_t Application::currentTick() const {
  return uint64_t(isOpen_ ? owner_.tick : fabric_.control.committedTick());
}

uint32_t Application::attempt() const {
  return metrics_.total_committed_ticks == 0 ? host_->attempt : 1;
}

uint32_t Application::ingressPort(uint32_t declared) {
  const auto port = host_->ports.find(declared);
  if (port == host_->ports.end())
    throw Failure(HEDDLE_NOT_FOUND, "the schema declares no ingress port " +
                                        std::to_string(declared) + " for this domain");
  return port->second;
}

heddle_partition Application::describe(uint32_t partition) {
  const Control& control = fabric_.control;
  heddle_partition described = {};
  described.id = partition;
  described.domain = uint32_t(control.partitionWord(partition, HEDDLE_PARTITION_AT_DOMAIN));
  const Domain& domain = fabric_.world.domains[described.domain];
  described.domain_type = domain.lifecycle == "PerWorker"   ? HEDDLE_DOMAIN_SERVICE
                          : domain.lifecycle == "ByRequest" ? HEDDLE_DOMAIN_CUSTOM
                                                            : HEDDLE_DOMAIN_SPATIAL;
  if (const auto cell = fabric_.cellOf(partition)) {
    described.has_cell = true;
    // Edges are 32-bit floats to begin with.
    described.cell = {float(cell->minX), float(cell->minY), float(cell->maxX), float(cell->maxY)};
  }
  described.domain_name = domain.name.c_str();
  // A name is kept for good: there are few, and they are lent for long.
  const std::string name = control.partitionName(partition);
  auto kept = std::find(namesLent_.begin(), namesLent_.end(), name);
  if (kept == namesLent_.end()) kept = namesLent_.insert(namesLent_.end(), name);
  described.app_name = kept->c_str();
  return described;
}

const Lent<heddle_partition>& Application::allPartitions() {
  partitionsLent_.clear();
  fabric_.eachPartition(
      [this](uint32_t partition) { partitionsLent_.push_back(describe(partition)); });
  return partitionsLent_;
}

uint32_t Application::domainByName(const char* name) {
  const int64_t index = name ? fabric_.world.domainIndex(name) : -1;
  if (index < 0)
    throw Failure(HEDDLE_INVALID_ARGUMENT,
                  std::string("there is no domain '") + (name ? name : "") + "'");
  return uint32_t(index);
}

uint32_t Application::runtimeLimit(heddle_limit limit) {
  const uint32_t entities = fabric_.control.sizes().entityLimit;
  const double transfers =
      std::min<double>(entities, fabric_.world.transfersPerTick.value_or(entities));
  switch (limit) {
    case HEDDLE_ENTITIES_PER_PARTITION:
      return entities;
    case HEDDLE_REMOTE_ENTITY_TRANSFERS:
    case HEDDLE_LOCAL_ENTITY_TRANSFERS:
      return uint32_t(transfers);
  }
  throw Failure(HEDDLE_INVALID_ARGUMENT, "there is no limit " + std::to_string(int(limit)));
}

heddle_metrics Application::metrics() const {
  heddle_metrics metrics = metrics_;
  metrics.active_entity = owner_.population();
  return metrics;
}

void Application::resetMetrics() {
  const uint64_t committed = metrics_.total_committed_ticks;
  metrics_ = {};
  metrics_.total_committed_ticks = committed;
}

void Application::requireOpen() const {
  if (!isOpen_) throw Failure(HEDDLE_INVALID_STATE, "no update is open: begin one");
}

void Application::requireClosed() const {
  if (isOpen_) throw Failure(HEDDLE_INVALID_STATE, "an update is open: commit it first");
}

}  // namespace heddle
