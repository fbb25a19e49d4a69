// An app's part in a simulation: the application, its updates, partitions, limits and metrics.
// Owns the state behind the handles. Never ends the application by itself: only
// DestroyApplication says that an app is done.
#ifndef AWS_WEAVERRUNTIME_APPLICATION_H
#define AWS_WEAVERRUNTIME_APPLICATION_H

#include <memory>

#include "Types.h"

namespace Aws {
namespace WeaverRuntime {
namespace Api {

/// Two gauges, and counters since the last ResetRuntimeMetrics.
struct AppRuntimeMetrics {
  std::uint64_t total_committed_ticks_gauge;
  std::uint32_t active_entity_gauge;
  std::uint32_t ticks_since_reset_counter;
  std::uint32_t load_field_counter;
  std::uint32_t store_field_counter;
  std::uint32_t created_entity_counter;
  std::uint32_t deleted_entity_counter;
  std::uint32_t entered_entity_counter;
  std::uint32_t exited_entity_counter;
  std::uint32_t rejected_incoming_transfer_counter;
  std::uint32_t rejected_outgoing_transfer_counter;
};

inline std::ostream& operator<<(std::ostream& out, const AppRuntimeMetrics& metrics) {
  return out << "AppRuntimeMetrics { total_committed_ticks_gauge: "
             << metrics.total_committed_ticks_gauge
             << ", active_entity_gauge: " << metrics.active_entity_gauge
             << ", ticks_since_reset_counter: " << metrics.ticks_since_reset_counter
             << ", load_field_counter: " << metrics.load_field_counter
             << ", store_field_counter: " << metrics.store_field_counter
             << ", created_entity_counter: " << metrics.created_entity_counter
             << ", deleted_entity_counter: " << metrics.deleted_entity_counter
             << ", entered_entity_counter: " << metrics.entered_entity_counter
             << ", exited_entity_counter: " << metrics.exited_entity_counter
             << ", rejected_incoming_transfer_counter: "
             << metrics.rejected_incoming_transfer_counter
             << ", rejected_outgoing_transfer_counter: "
             << metrics.rejected_outgoing_transfer_counter << " }";
}

enum LimitType {
  Unset = 0,
  EntitiesPerPartition = 1,
  /// Transfers that a partition may receive in a tick.
  RemoteEntityTransfers = 2,
  LocalEntityTransfers = 3
};

}  // namespace Api

namespace Detail {

/// What handles name. Kept until the process ends, so that no handle dangles.
struct ApplicationState {
  /// Null once it is destroyed.
  heddle_application* native = nullptr;
  /// The number of the update that is open, or was last.
  std::uint64_t update = 0;
  Api::AppRuntimeMetrics metrics{};
};

/// The application that this process created last; null before.
inline ApplicationState*& Latest() noexcept {
  static ApplicationState* latest = nullptr;
  return latest;
}

inline ApplicationState* KeepState(heddle_application* native) {
  // Never freed: handles may be used while the process ends.
  static auto* states = new std::vector<std::unique_ptr<ApplicationState>>();
  states->push_back(std::make_unique<ApplicationState>());
  states->back()->native = native;
  return Latest() = states->back().get();
}

/// An error of this face's own.
inline Failure Fail(ErrorCode code, const std::string& why) {
  LastError() = std::string(heddle_error_name(static_cast<heddle_error>(code))) + ": " + why;
  return Failure(code);
}

/// The error of a call of libheddle, with its text.
inline Failure Fail(heddle_error error, const heddle_application* native) {
  LastError() = heddle_last_error_message(native);
  return Failure(static_cast<ErrorCode>(error));
}

}  // namespace Detail

namespace Api {

class Transaction;

/// Names the application of this process. Moved, never copied. It owns nothing: a handle that goes
/// out of scope ends nothing, and one that was moved from still names the same application. So an
/// app counts as done only where the program says so with DestroyApplication, and an app whose
/// program returns early, throws or crashes counts as failed.
class Application {
 public:
  /// Names no application yet: calls answer InvalidState.
  Application() noexcept = default;
  Application(Application&&) noexcept = default;
  Application& operator=(Application&&) noexcept = default;
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  /// @internal
  explicit Application(Detail::ApplicationState* state) noexcept : state_(state) {}
  /// @internal
  Detail::ApplicationState* State() const noexcept { return state_; }
  /// @internal Null where it names none, or one that is destroyed.
  heddle_application* Native() const noexcept { return state_ ? state_->native : nullptr; }

 private:
  Detail::ApplicationState* state_ = nullptr;
};

/// An open update of the world: reads and writes take it. Ends with Commit; afterwards calls answer
/// InvalidState. Moved, never copied. One that goes out of scope leaves its update open: to drop
/// what was written, destroy the application.
class Transaction {
 public:
  /// No update: calls answer InvalidState.
  Transaction() noexcept = default;
  Transaction(Transaction&&) noexcept = default;
  Transaction& operator=(Transaction&&) noexcept = default;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// @internal
  explicit Transaction(Detail::ApplicationState* state) noexcept
      : state_(state), update_(state->update) {}
  /// @internal
  Detail::ApplicationState* State() const noexcept { return state_; }
  /// @internal Null where the update is over.
  heddle_application* Native() const noexcept {
    return state_ && state_->update == update_ ? state_->native : nullptr;
  }

 private:
  Detail::ApplicationState* state_ = nullptr;
  std::uint64_t update_ = 0;
};
using Txn = Transaction;

}  // namespace Api

namespace Detail {

inline Failure Fail(heddle_error error, const Api::Application& app) {
  if (app.Native()) return Fail(error, app.Native());
  return Fail(ErrorCode::InvalidState,
              "there is no application: it was never created, or is destroyed");
}
inline Failure Fail(heddle_error error, const Api::Transaction& txn) {
  if (txn.Native()) return Fail(error, txn.Native());
  return Fail(ErrorCode::InvalidState,
              "the transaction is over: it was committed, or its application is destroyed");
}

}  // namespace Detail

namespace Api {

// --- the application

/// Attaches this process to the simulation that started it. Call it once, early: the simulation is
/// STARTED once all its apps have. NotConnected where no worker started this process, InvalidState
/// where this process has an application already.
AWS_WEAVERRUNTIME_API inline Result<Application> CreateApplication() {
  heddle_application* native = nullptr;
  const heddle_error error = heddle_create_application(&native);
  if (error != HEDDLE_OK) return Detail::Fail(error, static_cast<heddle_application*>(nullptr));
  return Application(Detail::KeepState(native));
}

/// What a standalone application runs in: `{3, 10}` are 30 ticks in 3 seconds.
struct StandaloneRuntimeConfig {
  /// The lifetime of the app.
  std::uint32_t run_for_seconds;
  /// The app's clock rate. 0 stands for 30.
  std::uint32_t tick_hertz;
};

/// Runs an app alone, for tests: in a small world of its own in this process, without a worker and
/// other apps. When its time is up, BeginUpdate returns ShuttingDown. A process may have many.
AWS_WEAVERRUNTIME_API inline Result<Application> CreateStandaloneApplication(
    const StandaloneRuntimeConfig& config) {
  heddle_standalone_config alone{};
  alone.seconds = config.run_for_seconds;
  alone.tick_rate = config.tick_hertz;
  heddle_application* native = nullptr;
  const heddle_error error = heddle_create_standalone_application(&alone, &native);
  if (error != HEDDLE_OK) return Detail::Fail(error, static_cast<heddle_application*>(nullptr));
  return Application(Detail::KeepState(native));
}

/// Says that this app is done, and drops an open update. Exit afterwards. A process that exits
/// without it counts as failed, and is started again. InvalidState the second time.
AWS_WEAVERRUNTIME_API inline Result<void> DestroyApplication(Application&& app) {
  if (!app.Native()) return Detail::Fail(HEDDLE_INVALID_STATE, app);
  heddle_destroy_application(app.Native());
  app.State()->native = nullptr;
  return Success();
}

/// Whether BeginUpdate would wait now; false while an update is open. Where it would, this call has
/// slept for a millisecond, or until the tick began: a loop around it leaves the processor to
/// others.
AWS_WEAVERRUNTIME_API inline Result<bool> BeginUpdateWillBlock(Application& app) {
  bool willBlock = false;
  const heddle_error error = heddle_begin_update_will_block(app.Native(), &willBlock);
  if (error != HEDDLE_OK) return Detail::Fail(error, app);
  return willBlock;
}

/// Waits for the next tick, and opens it. ShuttingDown where there will be none, NotConnected where
/// the worker is gone, InvalidState where an update is open.
AWS_WEAVERRUNTIME_API inline Result<Transaction> BeginUpdate(Application& app) {
  const heddle_error error = heddle_begin_update(app.Native());
  if (error != HEDDLE_OK) return Detail::Fail(error, app);
  app.State()->update++;
  return Transaction(app.State());
}

/// Ends the update: what was written is visible to all in the next tick. What the transaction gave
/// must not be used any more.
AWS_WEAVERRUNTIME_API inline Result<void> Commit(Transaction& txn) {
  const heddle_error error = heddle_commit(txn.Native());
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  txn.State()->update++;
  return Success();
}
AWS_WEAVERRUNTIME_API inline Result<void> Commit(Transaction&& txn) { return Commit(txn); }

/// The tick that is open.
AWS_WEAVERRUNTIME_API inline Result<Tick> CurrentTick(const Transaction& txn) {
  if (!txn.Native()) return Detail::Fail(HEDDLE_INVALID_STATE, txn);
  return Tick{heddle_current_tick(txn.Native())};
}

// --- partitions

}  // namespace Api

namespace Detail {

inline Api::Partition PartitionOf(const heddle_partition& partition) {
  const heddle_box& cell = partition.cell;
  return {{partition.id},
          {partition.domain},
          static_cast<Api::DomainType>(partition.domain_type),
          partition.domain_name,
          partition.app_name,
          partition.has_cell,
          {{cell.min_x, cell.min_y}, {cell.max_x, cell.max_y}}};
}

}  // namespace Detail

namespace Api {

/// The partitions that this app owns: one.
AWS_WEAVERRUNTIME_API inline Result<PartitionSet> AssignedPartitions(Transaction& txn) {
  heddle_partition own;
  const heddle_error error = heddle_assigned_partition(txn.Native(), &own);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return PartitionSet{{Detail::PartitionOf(own)}};
}

/// The partitions of all apps of all domains.
AWS_WEAVERRUNTIME_API inline Result<PartitionSet> AllPartitions(Transaction& txn) {
  const heddle_partition* all = nullptr;
  std::size_t count = 0;
  const heddle_error error = heddle_all_partitions(txn.Native(), &all, &count);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  PartitionSet set;
  for (std::size_t place = 0; place < count; place++)
    set.partitions.push_back(Detail::PartitionOf(all[place]));
  return set;
}

// --- limits and metrics

/// A limit, in entities. InvalidArgument for Unset.
AWS_WEAVERRUNTIME_API inline Result<Limit> RuntimeLimit(Application& app, LimitType type) {
  Limit limit;
  const heddle_error error =
      heddle_runtime_limit(app.Native(), static_cast<heddle_limit>(type), &limit.value);
  if (error != HEDDLE_OK) return Detail::Fail(error, app);
  return limit;
}

/// The metrics as they are now. The reference is to one object, which each call brings up to date,
/// and is good until the process ends.
AWS_WEAVERRUNTIME_API inline Result<std::reference_wrapper<const AppRuntimeMetrics>> RuntimeMetrics(
    Application& app) noexcept {
  if (!app.Native()) return Detail::Fail(HEDDLE_INVALID_STATE, app);
  heddle_metrics now;
  heddle_runtime_metrics(app.Native(), &now);
  app.State()->metrics = {now.total_committed_ticks,
                          now.active_entity,
                          now.ticks_since_reset,
                          now.load_field,
                          now.store_field,
                          now.created_entity,
                          now.deleted_entity,
                          now.entered_entity,
                          now.exited_entity,
                          now.rejected_incoming_transfer,
                          now.rejected_outgoing_transfer};
  return std::cref(app.State()->metrics);
}

/// Sets the counters to 0.
AWS_WEAVERRUNTIME_API inline Result<void> ResetRuntimeMetrics(Application& app) noexcept {
  if (!app.Native()) return Detail::Fail(HEDDLE_INVALID_STATE, app);
  heddle_reset_runtime_metrics(app.Native());
  return Success();
}

}  // namespace Api
}  // namespace WeaverRuntime
}  // namespace Aws

#endif
