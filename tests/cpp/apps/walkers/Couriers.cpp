// Messages between cells, as the service's guide sends them.

#include "Couriers.h"

namespace {

struct Courier {
  std::uint64_t tick;
  Api::TypeId typeId;
};

}  // namespace

Result<void> SendCourier(Transaction& transaction, const Api::BoundingBox2F32& cell) {
  WEAVERRUNTIME_TRY(
      Api::MessageEndpoint destination,
      Api::Utils::MessageEndpointResolver::ResolveFromPosition(
          transaction, "Cells",
          Api::Vector2F32{-(cell.min.x + cell.max.x) / 2, -(cell.min.y + cell.max.y) / 2}));
  WEAVERRUNTIME_TRY(auto tick, Api::CurrentTick(transaction));
  Courier message{tick.value, Api::TypeId{700}};
  const Api::MessagePayload& payload = Api::Utils::CreateMessagePayload(
      reinterpret_cast<const std::uint8_t*>(&message), sizeof(Courier));
  Result<void> sent =
      Api::SendMessage(transaction, payload, destination, Api::MessageDeliveryType::BestEffort);
  if (sent.has_failure()) {
    ErrorCode errorCode = WEAVERRUNTIME_EXPECT_ERROR(sent);
    std::cout << "a courier was not sent: " << errorCode << std::endl;
    return errorCode;
  }
  return Aws::Success();
}

Result<int> ReceiveCouriers(Transaction& transaction) {
  int count = 0;
  WEAVERRUNTIME_TRY(Api::MessageList list, Api::ReceiveMessages(transaction));
  for (Api::Message& message : list.messages) {
    const Courier& received = Api::Utils::ExtractMessage<Courier>(message);
    WEAVERRUNTIME_TRY(Api::CreateEntity(transaction, received.typeId));
    count++;
  }
  return count;
}
