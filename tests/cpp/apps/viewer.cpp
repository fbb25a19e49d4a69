// A custom app in the style of the service's guide, with namespaces opened wide: it sees all
// walkers of domain Cells, hands an entity over to them, and tries each call in and out of order.
// It prints a line for each answer that is not the expected one, and at last `all calls made, 0
// faults`.

#include <aws/weaverruntime/MessagingUtils.h>
#include <aws/weaverruntime/WeaverRuntime.h>

#include <array>
#include <unordered_map>
#include <unordered_set>

using namespace Aws::WeaverRuntime;
using namespace Aws::WeaverRuntime::Api;

namespace {

int faults = 0;

void Expect(bool holds, const char* what, int line) {
  if (holds) return;
  faults++;
  std::cout << "fault: line " << line << ": " << what << " (" << Api::LastErrorMessage() << ")"
            << std::endl;
}
#define EXPECT(condition) Expect(condition, #condition, __LINE__)

/// Whether a result is the error, and the text of the last error has these words.
template <class AnyResult>
bool Is(const AnyResult& result, ErrorCode error, const std::string& words) {
  return result.has_failure() && result.as_failure().error() == error &&
         std::string(LastErrorMessage()).find(words) != std::string::npos;
}

using Place = std::array<float, 3>;
using Numbers = std::array<int, 2>;

constexpr TypeId k_pebble{513};
constexpr BoundingBox2F32 k_all{{-1000, -1000}, {1000, 1000}};
const TypeId k_vector = BuiltinTypeIdToTypeId(BuiltinTypeId::Vector3F32);
const TypeId k_dynamic = BuiltinTypeIdToTypeId(BuiltinTypeId::Dynamic);

struct Viewer {
  std::unordered_map<EntityId, Entity> seen;
  std::unordered_map<ChangeListAction, int> actions;
  std::unordered_set<SubscriptionHandle> subscriptions;
  SubscriptionHandle subscription;
  DomainId cells;
  Entity pebble;
  bool pebbleWent = false;
  int updates = 0;
};

Result<void> Begin(Txn& txn, Viewer& viewer) {
  WEAVERRUNTIME_TRY(PartitionSet all, AllPartitions(txn));
  for (const Partition& partition : all.partitions) {
    if (partition.domain_type != DomainType::Spatial) continue;
    viewer.cells = partition.domain_id;
    break;
  }
  WEAVERRUNTIME_TRY(PartitionSet own, AssignedPartitions(txn));
  EXPECT(own.partitions.size() == 1 && !own.partitions[0].has_bounds);
  EXPECT(own.partitions[0].domain_type == DomainType::Custom);
  EXPECT(all.partitions.size() >= 5);

  EXPECT(Is(CreateEntity(txn, TypeId{511}), ErrorCode::InvalidArgument, "511"));
  WEAVERRUNTIME_TRY(viewer.pebble, CreateEntity(txn, BuiltinTypeIdToTypeId(k_pebble)));
  const Entity& pebble = viewer.pebble;
  Place position{10.5f, -20.5f, 3};
  auto* bytes = reinterpret_cast<std::int8_t*>(position.data());
  EXPECT(Is(StoreEntityIndexKey(txn, pebble, k_dynamic, bytes, 12), ErrorCode::InvalidArgument,
            "Vector3F32"));
  EXPECT(Is(StoreEntityIndexKey(txn, pebble, k_vector, bytes, 8), ErrorCode::InvalidArgument,
            "12 bytes"));
  EXPECT(StoreEntityIndexKey(txn, pebble, k_vector, bytes, 12).has_value());
  std::int8_t* dest = nullptr;
  WEAVERRUNTIME_TRY(LoadEntityIndexKey(txn, pebble, k_vector, &dest));
  EXPECT(*reinterpret_cast<Place*>(dest) == position);
  std::int8_t* other = nullptr;
  WEAVERRUNTIME_TRY(LoadEntityIndexKey(txn, pebble, k_vector, &other));
  EXPECT(reinterpret_cast<float*>(dest)[1] == -20.5f);

  char text[] = "hello";
  const auto* letters = reinterpret_cast<const std::int8_t*>(text);
  EXPECT(Is(StoreEntityField(txn, pebble, k_dynamic, FieldIndex{0}, letters, 5),
            ErrorCode::InvalidArgument, "1 to 63"));
  EXPECT(Is(LoadEntityField(txn, pebble, k_dynamic, FieldIndex{9}, &dest), ErrorCode::NotFound,
            "no field 9"));
  WEAVERRUNTIME_TRY(StoreEntityField(txn, pebble, TypeId{800}, FieldIndex{4}, letters, 5));
  WEAVERRUNTIME_TRY(auto length, LoadEntityField(txn, pebble, TypeId{800}, FieldIndex{4}, &dest));
  EXPECT(length == 5 && std::memcmp(dest, "hello", 5) == 0);
  EXPECT(LoadEntityField(txn, pebble, k_dynamic, FieldIndex{4}, &dest).assume_value() == 5);
  EXPECT(Is(LoadEntityField(txn, pebble, k_vector, FieldIndex{4}, &dest),
            ErrorCode::InvalidArgument, "type 800"));

  WEAVERRUNTIME_TRY(Entity brief, CreateEntity(txn, TypeId{514}));
  WEAVERRUNTIME_TRY(DeleteEntity(txn, brief));
  EXPECT(Is(DeleteEntity(txn, brief), ErrorCode::NotFound, "entity"));
  EXPECT(Is(LoadEntityIndexKey(txn, Entity(), k_vector, &dest), ErrorCode::NotFound, "entity 0"));
  EXPECT(Is(ModifyEntityDomain(txn, pebble, DomainId{}), ErrorCode::InvalidArgument, "domain"));
  WEAVERRUNTIME_TRY(ModifyEntityDomain(txn, pebble, viewer.cells));

  EXPECT(Is(CreateSubscriptionBoundingBox2F32(txn, viewer.cells, {{1, 0}, {0, 0}}),
            ErrorCode::InvalidArgument, "not a box"));
  WEAVERRUNTIME_TRY(viewer.subscription,
                    CreateSubscriptionBoundingBox2F32(txn, viewer.cells, {{0, 0}, {1, 1}}));
  viewer.subscriptions.insert(viewer.subscription);
  WEAVERRUNTIME_TRY(ModifySubscriptionBoundingBox2F32(txn, viewer.subscription, k_all));
  EXPECT(Is(DeleteSubscription(txn, SubscriptionHandle{77}), ErrorCode::NotFound, "77"));
  return Success();
}

Result<void> Talk(Txn& txn, const Viewer& viewer) {
  using Resolver = Utils::MessageEndpointResolver;
  EXPECT(Is(Resolver::ResolveFromPosition(txn, "Sells", Vector2F32{1, 1}),
            ErrorCode::InvalidArgument, "No DomainId found for the given domain name"));
  EXPECT(Is(Resolver::ResolveFromPosition(txn, "Cells", Vector2F32{1e6f, 1}),
            ErrorCode::InvalidArgument,
            "Could not resolve endpoint from domain : DomainId { value: "));
  WEAVERRUNTIME_TRY(MessageEndpoint byPosition,
                    Resolver::ResolveFromPosition(txn, "Cells", Vector2F32{231.3, 654.0}));
  Resolver resolver;
  Resolver ofTransaction(txn);
  WEAVERRUNTIME_TRY(MessageEndpoint again, ofTransaction.ResolveEndpointFromPosition(
                                               viewer.cells, weaver_vec3_f32_t{231.3f, 654, 0}));
  EXPECT(byPosition == again);
  WEAVERRUNTIME_TRY(MessageEndpoint also, resolver.ResolveEndpointFromPosition(
                                              viewer.cells, weaver_vec3_f32_t{231.3f, 654, 0}));
  EXPECT(byPosition == also);
  EXPECT(Is(resolver.ResolveEndpointFromCustomAppName(viewer.cells, "nobody"), ErrorCode::NotFound,
            "nobody"));
  WEAVERRUNTIME_TRY(PartitionSet own, AssignedPartitions(txn));
  WEAVERRUNTIME_TRY(MessageEndpoint self,
                    Resolver::ResolveFromCustomAppName(txn, own.partitions[0].domain_name,
                                                       own.partitions[0].app_name));
  EXPECT(Is(SendMessage(txn, Utils::CreateMessagePayload(1), self), ErrorCode::InvalidArgument,
            "Destination is the same as source"));
  MessagePayload large;
  large.data.resize(100000);
  EXPECT(Is(SendMessage(txn, large, byPosition), ErrorCode::CapacityExceeded,
            "Message data too large! Max size: "));
  const Numbers numbers{7, 8};
  EXPECT(Utils::ExtractMessage<Numbers>(Utils::CreateMessagePayload(numbers)) == numbers);
  // A walker's courier: a tick, and the type of the entity to make.
  const std::array<std::uint32_t, 4> courier{1, 0, 701, 0};
  std::ostringstream shown;
  shown << byPosition << viewer.cells << viewer.pebble << Vector2F32{1, 2};
  EXPECT(shown.str().find("DomainId { value: ") != std::string::npos);
  return SendMessage(txn, Utils::CreateMessagePayload(courier), byPosition);
}

Result<void> See(Txn& txn, Viewer& viewer) {
  WEAVERRUNTIME_TRY(SubscriptionChangeList list, AllSubscriptionEvents(txn));
  for (auto& event : list.changes) {
    viewer.actions[event.action]++;
    EXPECT(event.subscription == viewer.subscription);
    const EntityId id = event.entity.descriptor->id;
    if (event.action == ChangeListAction::Add) viewer.seen.emplace(id, event.entity);
    if (event.action != ChangeListAction::Remove) continue;
    viewer.seen.erase(id);
    std::int8_t* gone;
    EXPECT(Is(LoadEntityIndexKey(txn, event.entity, k_vector, &gone), ErrorCode::NotFound, ""));
  }
  WEAVERRUNTIME_TRY(SubscriptionChangeList again, AllSubscriptionEvents(txn));
  EXPECT(again.changes.empty());
  for (auto& [id, entity] : viewer.seen) {
    std::int8_t* dest = nullptr;
    WEAVERRUNTIME_TRY(LoadEntityIndexKey(txn, entity, k_vector, &dest));
    EXPECT(std::abs(*reinterpret_cast<float*>(dest)) <= 1000);
  }
  if (viewer.seen.empty()) return Success();
  Entity& someone = viewer.seen.begin()->second;
  Place place{0, 0, 0};
  EXPECT(Is(
      StoreEntityIndexKey(txn, someone, k_vector, reinterpret_cast<std::int8_t*>(place.data()), 12),
      ErrorCode::NotOwned, "belongs to another app"));
  WEAVERRUNTIME_EXPECT(ReleaseReadLeases(txn));
  return Success();
}

Result<void> Update(Txn& txn, Viewer& viewer) {
  if (viewer.updates++ == 0) WEAVERRUNTIME_TRY(Begin(txn, viewer));
  WEAVERRUNTIME_TRY(OwnershipChangeList own, OwnershipChanges(txn));
  for (const OwnershipChange& change : own.changes) {
    EXPECT(change.entity == viewer.pebble);
    EXPECT(change.action == ChangeListAction::Remove || change.action == ChangeListAction::Reject);
    if (change.action == ChangeListAction::Remove) viewer.pebbleWent = true;
  }
  if (viewer.updates == 2) WEAVERRUNTIME_TRY(Talk(txn, viewer));
  return See(txn, viewer);
}

Result<void> Drive(Application app, Viewer& viewer) {
  for (;;) {
    bool waits = true;
    while (waits) WEAVERRUNTIME_TRY(waits, BeginUpdateWillBlock(app));
    WEAVERRUNTIME_TRY(Transaction txn, BeginUpdate(app));
    EXPECT(Is(BeginUpdate(app), ErrorCode::InvalidState, "an update is open"));
    WEAVERRUNTIME_TRY(Update(txn, viewer));
    WEAVERRUNTIME_TRY(Commit(std::move(txn)));
    EXPECT(Is(Commit(txn), ErrorCode::InvalidState, "the transaction is over"));
    EXPECT(Is(CurrentTick(txn), ErrorCode::InvalidState, "the transaction is over"));
    if (viewer.updates != 40) continue;

    auto metrics = WEAVERRUNTIME_EXPECT(RuntimeMetrics(app));
    EXPECT(metrics.get().total_committed_ticks_gauge == 40);
    EXPECT(metrics.get().created_entity_counter == 2);
    const AppRuntimeMetrics& same = WEAVERRUNTIME_EXPECT(RuntimeMetrics(app));
    WEAVERRUNTIME_EXPECT(ResetRuntimeMetrics(app));
    WEAVERRUNTIME_EXPECT(RuntimeMetrics(app));
    EXPECT(&metrics.get() == &same && same.created_entity_counter == 0);
    EXPECT(WEAVERRUNTIME_EXPECT(RuntimeLimit(app, LimitType::EntitiesPerPartition)).value > 0);
    EXPECT(Is(RuntimeLimit(app, LimitType::Unset), ErrorCode::InvalidArgument, "limit 0"));
    EXPECT(viewer.pebbleWent && viewer.seen.count(viewer.pebble.descriptor->id) == 1);
    EXPECT(viewer.actions[ChangeListAction::Update] > 0);
    std::cout << metrics << " sees " << viewer.seen.size() << std::endl;
    std::cout << "all calls made, " << faults << " faults" << std::endl;
  }
}

}  // namespace

int main(int argc, char**) {
  Result<Application> application = CreateApplication();
  if (!application) {
    std::cout << "fault: " << application.as_failure().error() << ' ' << Api::LastErrorMessage();
    return 1;
  }
  EXPECT(Is(CreateApplication(), ErrorCode::InvalidState, "InvalidState: "));
  Application app = std::move(application).assume_value();
  // With an argument it leaves without a word.
  if (argc > 1) return 0;
  Viewer viewer;
  Result<void> ended = Drive(std::move(app), viewer);
  if (ended.assume_error() != ErrorCode::ShuttingDown) {
    std::cout << "fault: " << ended.as_failure().error() << ' ' << LastErrorMessage() << std::endl;
    return 1;
  }
  WEAVERRUNTIME_EXPECT(DestroyApplication(std::move(app)));
  EXPECT(
      Is(DestroyApplication(std::move(app)), ErrorCode::InvalidState, "there is no application"));
  EXPECT(Is(BeginUpdate(app), ErrorCode::InvalidState, "there is no application"));
  return faults == 0 ? 0 : 1;
}
