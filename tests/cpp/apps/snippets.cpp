// Each form that the service's guide uses, once: what is documented in two forms is written in
// both. Compiled everywhere; run, it says why it is not connected.

#include <aws/weaverruntime/WeaverRuntime.h>

#include <array>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

namespace Api = Aws::WeaverRuntime::Api;
using Aws::WeaverRuntime::ErrorCode;
using Aws::WeaverRuntime::Result;
using Aws::WeaverRuntime::Success;
using Aws::WeaverRuntime::Api::Application;
using Aws::WeaverRuntime::Api::Entity;
using Aws::WeaverRuntime::Api::MessageDeliveryType;
using Aws::WeaverRuntime::Api::Transaction;
using Aws::WeaverRuntime::Api::Txn;

namespace Aws {
namespace WeaverRuntime {

AWS_WEAVERRUNTIME_API Result<void> AnExportedFunction(Transaction& txn) noexcept;

}  // namespace WeaverRuntime
}  // namespace Aws

constexpr Api::TypeId k_entityTypeId{/* value */ 512};
const Aws::WeaverRuntime::Api::TypeId k_keyTypeId = {1};
constexpr Api::FieldIndex k_isTrueFieldId{/* value */ 1};
constexpr Api::BoundingBox2F32 k_box{/* min */ {/* x */ 0, /* y */ 0},
                                     /* max */ {/* x */ 1000, /* y */ 1000}};

struct MessageTickAndId {
  std::uint32_t id;
  std::uint32_t tick;
};

// --- results

Result<void> ReturnsEachForm(int form) {
  ErrorCode errorCode = ErrorCode::CapacityExceeded;
  if (form == 0) return errorCode;
  if (form == 1) return Success();
  if (form == 2) return Aws::Success();
  if (form == 3) return Aws::WeaverRuntime::Success();
  return ErrorCode::ShuttingDown;
}

Result<int> PassesOn(Result<int> result) {
  if (result.has_failure()) {
    std::cout << result.as_failure().error();
    return result.as_failure();
  }
  return result.assume_value() + std::move(result).assume_value();
}

Result<std::uint64_t> TriesEachForm(Application& m_app, Transaction& transaction) {
  bool willBlock = true;
  while (willBlock) {
    WEAVERRUNTIME_TRY(willBlock, Api::BeginUpdateWillBlock(m_app));
  }
  while (willBlock) WEAVERRUNTIME_TRY(willBlock, Api::BeginUpdateWillBlock(m_app));
  WEAVERRUNTIME_TRY(auto tick, Api::CurrentTick(transaction));
  WEAVERRUNTIME_TRY(Api::PartitionSet partitionSet, Api::AllPartitions(transaction));
  WEAVERRUNTIME_TRY(auto entity, Api::CreateEntity(transaction, k_entityTypeId));
  WEAVERRUNTIME_TRY(const Entity& other,
                    Api::CreateEntity(transaction, Api::BuiltinTypeIdToTypeId(k_entityTypeId)));
  WEAVERRUNTIME_TRY(auto&& third, Api::CreateEntity(transaction, Api::TypeId{600}));
  if (willBlock)
    WEAVERRUNTIME_TRY(Api::DeleteEntity(transaction, entity));
  else
    WEAVERRUNTIME_TRY(Api::DeleteEntity(transaction, other));
  auto inLambda = [&]() -> Result<void> {
    WEAVERRUNTIME_TRY(Api::DeleteEntity(transaction, third));
    return Success();
  };
  WEAVERRUNTIME_TRY(inLambda());
  WEAVERRUNTIME_EXPECT(inLambda());
  std::uint32_t narrow = tick.value;
  return tick.value + narrow + partitionSet.partitions.size();
}

// --- entities

Result<void> StoresAndLoads(Transaction& transaction, Api::Entity& entity) {
  std::array<float, 3> position = {1, 2, 3};
  auto* src = reinterpret_cast<std::int8_t*>(position.data());
  WEAVERRUNTIME_TRY(Api::StoreEntityIndexKey(
      transaction, entity,
      Api::BuiltinTypeIdToTypeId(Aws::WeaverRuntime::Api::BuiltinTypeId::Vector3F32), src,
      sizeof(position)));
  std::int8_t* dest = nullptr;
  WEAVERRUNTIME_TRY(Api::LoadEntityIndexKey(transaction, entity, k_keyTypeId, &dest));
  auto& loaded = *reinterpret_cast<std::array<float, 3>*>(dest);
  bool isTrue = loaded[0] > 0;
  WEAVERRUNTIME_TRY(Api::StoreEntityField(
      transaction, entity, Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Bool), k_isTrueFieldId,
      reinterpret_cast<std::int8_t*>(&isTrue), sizeof(isTrue)));
  WEAVERRUNTIME_TRY(Api::LoadEntityField(transaction, entity,
                                         Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Bool),
                                         k_isTrueFieldId, &dest));
  isTrue = *reinterpret_cast<bool*>(dest);
  WEAVERRUNTIME_TRY(std::size_t length,
                    Api::LoadEntityField(transaction, entity,
                                         Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Dynamic),
                                         k_isTrueFieldId, &dest));
  return length == sizeof(isTrue) ? Success() : Result<void>(ErrorCode::InvalidArgument);
}

Result<void> HandsOver(Txn& txn, const Entity& entity) {
  WEAVERRUNTIME_TRY(auto partitionSet, Api::AllPartitions(txn));
  Api::DomainId spatialDomainId;
  for (const Api::Partition& partition : partitionSet.partitions) {
    if (partition.domain_type == Api::DomainType::Spatial) {
      spatialDomainId = partition.domain_id;
      break;
    }
  }
  return Api::ModifyEntityDomain(txn, entity, spatialDomainId);
}

// --- subscriptions

class EventProcessor {
 public:
  Result<void> Process(Transaction& transaction) {
    WEAVERRUNTIME_TRY(Api::SubscriptionChangeList subscriptionChangeList,
                      Api::AllSubscriptionEvents(transaction));
    for (const Api::SubscriptionEvent& event : subscriptionChangeList.changes) {
      m_actions[event.action]++;
      switch (event.action) {
        case Api::ChangeListAction::None:
          break;
        case Api::ChangeListAction::Remove:
          m_entities.erase(event.entity.descriptor->id);
          break;
        case Api::ChangeListAction::Add:
        case Api::ChangeListAction::Update:
          m_entities[event.entity.descriptor->id] = event.entity;
          break;
        case Api::ChangeListAction::Reject:
          break;
      }
    }
    WEAVERRUNTIME_TRY(Api::OwnershipChangeList ownershipChangeList,
                      Api::OwnershipChanges(transaction));
    for (const Api::OwnershipChange& event : ownershipChangeList.changes) {
      Api::Entity entity = event.entity;
      if (entity.descriptor->id == m_mine) m_owned.insert(entity.descriptor->id);
    }
    return Success();
  }

  Result<void> Subscribe(Transaction& txn, const Api::DomainId& domain) {
    WEAVERRUNTIME_TRY(m_handle, Api::CreateSubscriptionBoundingBox2F32(txn, domain, k_box));
    Api::SubscriptionHandle copied = m_handle;
    WEAVERRUNTIME_TRY(
        Api::ModifySubscriptionBoundingBox2F32(txn, copied, Api::BoundingBox2F32{{0, 0}, {1, 1}}));
    return Api::DeleteSubscription(txn, m_handle);
  }

 private:
  std::unordered_map<Api::ChangeListAction, int> m_actions;
  std::unordered_map<Api::EntityId, Api::Entity> m_entities;
  std::unordered_set<Api::EntityId> m_owned;
  std::uint64_t m_mine = 0;
  Api::SubscriptionHandle m_handle;
};

// --- messages

Result<void> Sends(Txn& txn, Application& app) {
  WEAVERRUNTIME_TRY(Api::MessageEndpoint destination,
                    Api::Utils::MessageEndpointResolver::ResolveFromPosition(
                        txn, "MySpatialSimulation", Api::Vector2F32{231.3, 654.0}));
  std::cout << "destination: " << destination;
  WEAVERRUNTIME_TRY(auto tick, Api::CurrentTick(txn));
  MessageTickAndId message;
  message.id = 7;
  message.tick = tick.value;
  const Api::MessagePayload& payload = Api::Utils::CreateMessagePayload(
      reinterpret_cast<const std::uint8_t*>(&message), sizeof(MessageTickAndId));
  Result<void> result =
      Api::SendMessage(txn, payload, destination, MessageDeliveryType::BestEffort);
  if (result.has_failure()) {
    std::cout << "send failed: " << result.as_failure().error();
    if (result.assume_error() == ErrorCode::CapacityExceeded) return result.assume_error();
  }
  Api::Utils::MessageEndpointResolver resolver;
  Api::DomainId domainId;
  WEAVERRUNTIME_TRY(auto endpoint,
                    resolver.ResolveEndpointFromPosition(domainId, weaver_vec3_f32_t{1, 2, 3}));
  WEAVERRUNTIME_TRY(endpoint, resolver.ResolveEndpointFromCustomAppName(domainId, "agent"));
  WEAVERRUNTIME_TRY(Api::SendMessage(txn, Api::Utils::CreateMessagePayload(message), endpoint));
  Api::MessagePayload bytes;
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&message), sizeof(message),
              std::back_inserter(bytes.data));
  std::cout << static_cast<const void*>(bytes.data.data());

  WEAVERRUNTIME_TRY(Api::MessageList messages, Api::ReceiveMessages(txn));
  std::cout << "received " << messages.messages.size();
  for (Api::Message& received : messages.messages) {
    const MessageTickAndId& first = Api::Utils::ExtractMessage<MessageTickAndId>(received);
    MessageTickAndId second = Api::Utils::ExtractMessage<MessageTickAndId>(received.payload);
    std::cout << received << received.header.source_endpoint << first.id + second.tick;
  }
  auto metrics = WEAVERRUNTIME_EXPECT(Api::RuntimeMetrics(app));
  const Api::AppRuntimeMetrics& same = metrics;
  std::cout << metrics << same.created_entity_counter;
  WEAVERRUNTIME_EXPECT(Api::ResetRuntimeMetrics(app));
  WEAVERRUNTIME_TRY(auto limit, Api::RuntimeLimit(app, Api::LimitType::EntitiesPerPartition));
  std::cout << limit.value;
  return Api::Commit(std::move(txn));
}

Result<void> RunsAlone() {
  Api::StandaloneRuntimeConfig config = {/* run_for_seconds (the lifetime of the app) */ 3,
                                         /* tick_hertz (the app clock rate) */ 10};
  WEAVERRUNTIME_TRY(Api::Application application, Api::CreateStandaloneApplication(config));
  return Api::DestroyApplication(std::move(application));
}

int main() {
  Result<Application> application = Api::CreateApplication();
  if (!application) {
    ErrorCode errorCode = WEAVERRUNTIME_EXPECT_ERROR(application);
    std::cout << Api::LastErrorMessage() << ' ' << errorCode << ' '
              << static_cast<std::underlying_type_t<ErrorCode>>(errorCode) << std::endl;
    return 0;
  }
  Application app = std::move(application).assume_value();
  WEAVERRUNTIME_EXPECT(Api::DestroyApplication(std::move(app)));
  return 1;
}
