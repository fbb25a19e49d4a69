// Apps of both faces run alone, as unit tests run them: without a worker, in worlds of their own.
// Prints `ran alone`, or says which answer is not the expected one.

#include <aws/weaverruntime/WeaverRuntime.h>

#include <cstdio>
#include <heddle/heddle.hpp>

namespace {

void expect(bool holds, const char* what, int line) {
  if (holds) return;
  std::printf("fault: line %d: %s\n", line, what);
  std::exit(1);
}
#define EXPECT(...) expect((__VA_ARGS__), #__VA_ARGS__, __LINE__)

const heddle::Field<std::array<float, 2>> velocity{1, 600};

/** Two apps at once, tick by tick: neither knows of the other. */
void runOwnFace() {
  heddle::StandaloneOptions options{2, heddle::UNLIMITED_TICK_RATE};
  options.bounds = {0, 0, 100, 100};
  options.entitiesPerPartition = 50;
  heddle::Application other = heddle::createStandaloneApplication({1, 1000});
  heddle::Application application = heddle::createStandaloneApplication(options);
  std::uint64_t last = 0;
  for (auto& transaction : application.updates()) {
    const auto owned = transaction.owned();
    last = transaction.tick();
    if (last == 1) owned.give(velocity, owned.create(512, 10));
    const auto velocities = owned.field(velocity);
    for (std::uint32_t row = 0; row < owned.rows(); row++) velocities[row] = {0.5f, -0.25f};
    owned.stored(velocity);
    owned.sweep([=](heddle::Position* positions, std::uint32_t from, std::uint32_t to) {
      for (auto row = from; row < to; row++) positions[row].x += velocities[row][0];
    });
    heddle::Transaction beside = other.beginUpdate();
    EXPECT(beside.ownedEntityCount() == last - 1);
    beside.createEntity(513);
    beside.commit();
  }
  EXPECT(last == 60);
  auto limited = heddle::createStandaloneApplication(options);
  auto transaction = limited.beginUpdate();
  try {
    transaction.owned().create(512, 51);
    EXPECT(false);
  } catch (const heddle::Error& error) {
    EXPECT(error.code() == heddle::ErrorCode::CapacityExceeded);
  }
  EXPECT(limited.assignedPartitions()[0].domain == "Standalone");
  EXPECT(transaction.owned().positions().size() == 0);
  // It is left with an update open: its destructor ends it.
}

namespace Api = Aws::WeaverRuntime::Api;
using Aws::WeaverRuntime::ErrorCode;
using Aws::WeaverRuntime::Result;

Result<int> drive(Api::Application& app) {
  int ticks = 0;
  for (;; ticks++) {
    Result<Api::Transaction> begun = Api::BeginUpdate(app);
    if (begun.has_failure()) {
      if (begun.as_failure().error() == ErrorCode::ShuttingDown) return ticks;
      return begun.as_failure();
    }
    Api::Transaction transaction = std::move(begun).assume_value();
    WEAVERRUNTIME_TRY(auto entity, Api::CreateEntity(transaction, Api::TypeId{512}));
    WEAVERRUNTIME_TRY(Api::Commit(std::move(transaction)));
    EXPECT(entity.descriptor->id > 0);
  }
}

void runServiceFace() {
  Api::StandaloneRuntimeConfig config{/* run_for_seconds (the lifetime of the app) */ 1,
                                      /* tick_hertz (the app clock rate) */ 50};
  Api::Application app = WEAVERRUNTIME_EXPECT(Api::CreateStandaloneApplication(config));
  EXPECT(WEAVERRUNTIME_EXPECT(drive(app)) == 50);
  const auto metrics = WEAVERRUNTIME_EXPECT(Api::RuntimeMetrics(app));
  EXPECT(metrics.get().active_entity_gauge == 50);
  WEAVERRUNTIME_EXPECT(Api::DestroyApplication(std::move(app)));
  // The object lives on.
  EXPECT(metrics.get().active_entity_gauge == 50);
}

/// A resolver that is made of a transaction asks its application, not the newest one.
void resolveForOneOfTwo() {
  Api::StandaloneRuntimeConfig config{1, 50};
  Api::Application app = WEAVERRUNTIME_EXPECT(Api::CreateStandaloneApplication(config));
  Api::Application newer = WEAVERRUNTIME_EXPECT(Api::CreateStandaloneApplication(config));
  Api::Transaction txn = WEAVERRUNTIME_EXPECT(Api::BeginUpdate(app));
  Api::Utils::MessageEndpointResolver resolver(txn);
  WEAVERRUNTIME_EXPECT(Api::DestroyApplication(std::move(newer)));
  const Api::PartitionSet own = WEAVERRUNTIME_EXPECT(Api::AssignedPartitions(txn));
  const Api::Partition& partition = own.partitions.front();
  const Api::MessageEndpoint endpoint = WEAVERRUNTIME_EXPECT(
      resolver.ResolveEndpointFromPosition(partition.domain_id, weaver_vec3_f32_t{1, 1, 0}));
  EXPECT(endpoint.id == partition.id);
  WEAVERRUNTIME_EXPECT(Api::DestroyApplication(std::move(app)));
  EXPECT(!resolver.ResolveEndpointFromPosition(partition.domain_id, weaver_vec3_f32_t{1, 1, 0}));
}

}  // namespace

int main() {
  runOwnFace();
  runServiceFace();
  resolveForOneOfTwo();
  std::puts("ran alone");
}
