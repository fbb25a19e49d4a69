// An app's part in a simulation: attaching, the loop over ticks, partitions, limits and metrics.
// Owns the application. Never says that an app is done unless the program does, or the loop ends.
#ifndef HEDDLE_APPLICATION_HPP
#define HEDDLE_APPLICATION_HPP

#include <chrono>

#include "transaction.hpp"

namespace heddle {

class Application;

/// The ticks from now on, for a range-based for. `application.updates()` gives it.
class Updates {
 public:
  class End {};
  class Iterator {
   public:
    Transaction& operator*() const noexcept { return *updates_->transaction_; }
    Iterator& operator++() { return updates_->next(), *this; }
    bool operator!=(End) const noexcept { return updates_->transaction_.has_value(); }

   private:
    friend class Updates;
    explicit Iterator(Updates* updates) : updates_(updates) {}
    Updates* updates_;
  };

  Iterator begin() {
    next();
    return Iterator(this);
  }
  End end() const noexcept { return {}; }

 private:
  friend class Application;
  explicit Updates(Application* application) : application_(application) {}
  inline void next();

  Application* application_;
  std::optional<Transaction> transaction_;
};

/// An app's part in a simulation. Moved, never copied.
///
/// An app is done where `destroy` is called, or the loop over `updates()` ends. The destructor does
/// neither: a program that returns early or throws exits without it, so that its app counts as
/// failed and is started again with its partition as of the last commit. Only a standalone
/// application ends with its destructor.
class Application {
 public:
  /// @internal
  Application(heddle_application* native, bool isStandalone) noexcept
      : native_(native), isStandalone_(isStandalone) {}
  Application(Application&& other) noexcept
      : native_(std::exchange(other.native_, nullptr)), isStandalone_(other.isStandalone_) {}
  Application& operator=(Application&& other) noexcept {
    std::swap(native_, other.native_);
    std::swap(isStandalone_, other.isStandalone_);
    return *this;
  }
  ~Application() {
    if (isStandalone_) destroy();
  }

  /// The loop: `for (auto& transaction : application.updates()) { … }`. Each round is one tick,
  /// which the loop begins and, at the end of the body, commits. It ends where the simulation or
  /// this app shuts down, and then destroys the application. `break` does not: call `destroy`.
  Updates updates() { return Updates(this); }

  /// Whether `beginUpdate` would wait now; false while an update is open. Where it would, this call
  /// has slept for a millisecond, or until the tick began.
  bool beginUpdateWillBlock() {
    bool willBlock;
    check(heddle_begin_update_will_block(native(), &willBlock));
    return willBlock;
  }
  /// Sleeps until `beginUpdate` would not wait, at most this long: 0 answers at once. Returns
  /// whether it would not. For programs that also serve sockets.
  bool waitForUpdate(std::chrono::milliseconds longest) {
    bool willBlock;
    check(heddle_wait_for_update(native(), std::uint32_t(longest.count()), &willBlock));
    return !willBlock;
  }
  /// Waits for the next tick and opens it. ShuttingDown: there is none; InvalidState: an update is
  /// open; NotConnected: the worker is gone.
  Transaction beginUpdate() {
    check(heddle_begin_update(native()));
    return Transaction(native_);
  }
  /// Ends this app's part in the simulation; drops an open update. Exit afterwards.
  void destroy() noexcept { heddle_destroy_application(std::exchange(native_, nullptr)); }

  /// The open tick, or the last committed one.
  std::uint64_t currentTick() const { return heddle_current_tick(native()); }
  /// Usually 1; higher if earlier processes of this app failed in this tick.
  std::uint32_t attempt() const { return heddle_attempt(native()); }
  /// The text of the application's last error; empty if there was none.
  std::string lastErrorMessage() const { return heddle_last_error_message(native()); }

  /// The one partition that this app owns.
  std::vector<Partition> assignedPartitions() {
    heddle_partition own;
    check(heddle_assigned_partition(native(), &own));
    return {Partition(own)};
  }
  /// The partitions of all apps of all domains.
  std::vector<Partition> allPartitions() {
    const heddle_partition* all;
    std::size_t count;
    check(heddle_all_partitions(native(), &all, &count));
    std::vector<Partition> partitions;
    for (std::size_t place = 0; place < count; place++) partitions.emplace_back(all[place]);
    return partitions;
  }

  /// The port to listen on for a port in `ingress_ports`. NotFound where the schema does not
  /// declare it.
  std::uint32_t ingressPort(std::uint32_t declared) {
    std::uint32_t port;
    check(heddle_ingress_port(native(), declared, &port));
    return port;
  }
  /// A limit, in entities.
  std::uint32_t runtimeLimit(RuntimeLimitKind kind) {
    std::uint32_t value;
    check(heddle_runtime_limit(native(), heddle_limit(kind), &value));
    return value;
  }
  /// What this process has done so far.
  RuntimeMetrics runtimeMetrics() const {
    heddle_metrics metrics;
    heddle_runtime_metrics(native(), &metrics);
    return RuntimeMetrics(metrics);
  }
  /// Sets the counters to 0.
  void resetRuntimeMetrics() { heddle_reset_runtime_metrics(native()); }

  /// For calls of heddle.h. InvalidState where the application is destroyed.
  heddle_application* native() const {
    if (!native_) detail::refuse(ErrorCode::InvalidState, "the application is destroyed");
    return native_;
  }

 private:
  void check(heddle_error error) const { detail::check(error, native_); }

  heddle_application* native_;
  bool isStandalone_;
};

inline void Updates::next() {
  if (transaction_ && transaction_->isOpen()) transaction_->commit();
  transaction_.reset();
  try {
    transaction_.emplace(application_->beginUpdate());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::ShuttingDown) throw;
    application_->destroy();
  }
}

/// Attaches this process to the simulation that started it. Call it once, early: the simulation is
/// STARTED when all apps have attached. NotConnected if no worker started the process, InvalidState
/// on a second call.
inline Application createApplication() {
  heddle_application* native;
  detail::check(heddle_create_application(&native), nullptr);
  return Application(native, false);
}

/// Ticks follow each other without a wait. 30 of them count as a second.
constexpr double UNLIMITED_TICK_RATE = HEDDLE_TICK_RATE_UNLIMITED;

/// What a standalone application runs in: `{10}` runs for 10 seconds.
struct StandaloneOptions {
  /// Simulated time; the loop ends after it.
  double seconds;
  /// Ticks a second.
  double tickRate = 30;
  /// The world, all of it this app's.
  Bounds bounds{-1000, -1000, 1000, 1000};
  std::string domain = "Standalone";
  std::uint32_t entitiesPerPartition = 8192;
};

/// Runs an app alone, for tests: in a small world of its own in this process, without a worker and
/// other apps, until its time is up. A process may have many, one after another or at once. Fields
/// hold 1,024 bytes, and messages 256. InvalidArgument for a negative number, or bounds that are no
/// box.
inline Application createStandaloneApplication(const StandaloneOptions& options) {
  const heddle_standalone_config config{options.seconds, options.tickRate, options.bounds.native(),
                                        options.domain.c_str(), options.entitiesPerPartition};
  heddle_application* native;
  detail::check(heddle_create_standalone_application(&config, &native), nullptr);
  return Application(native, true);
}

}  // namespace heddle

#endif
