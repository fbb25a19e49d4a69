// Messages between apps: bytes from one app to one partition, delivered in the next tick.
// Owns the copies of what was received. Never sends a refused message again.
#ifndef AWS_WEAVERRUNTIME_MESSAGING_H
#define AWS_WEAVERRUNTIME_MESSAGING_H

#include <cstring>

#include "Application.h"

namespace Aws {
namespace WeaverRuntime {
namespace Api {

enum class MessageEndpointType { Partition };

/// Where a message goes, or comes from: the partition of an app.
struct MessageEndpoint {
  MessageEndpointType type = MessageEndpointType::Partition;
  PartitionId id;

  friend bool operator==(const MessageEndpoint& one, const MessageEndpoint& other) noexcept {
    return one.id == other.id;
  }
  friend bool operator!=(const MessageEndpoint& one, const MessageEndpoint& other) noexcept {
    return !(one == other);
  }
  friend std::ostream& operator<<(std::ostream& out, const MessageEndpoint& endpoint) {
    return out << "MessageEndpoint { type: Partition, id: " << endpoint.id.value << " }";
  }
};

struct MessagePayload {
  std::vector<std::uint8_t> data;
};

struct MessageHeader {
  /// The app that sent it, to be answered to.
  MessageEndpoint source_endpoint;
};

struct Message {
  MessageHeader header;
  MessagePayload payload;

  friend std::ostream& operator<<(std::ostream& out, const Message& message) {
    return out << "Message { source_endpoint: " << message.header.source_endpoint
               << ", payload: " << message.payload.data.size() << " bytes }";
  }
};

struct MessageList {
  std::vector<Message> messages;
};

enum class MessageDeliveryType {
  /// Heddle delivers each message of a committed tick exactly once all the same, if its receiver
  /// calls ReceiveMessages in that tick.
  BestEffort
};

}  // namespace Api

namespace Detail {

/// The error of SendMessage, in the words that the service's guide has for it.
inline Failure FailToSend(heddle_error error, const Api::Transaction& txn,
                          const Api::MessageEndpoint& destination) {
  heddle_partition own;
  if (heddle_assigned_partition(txn.Native(), &own) == HEDDLE_OK && own.id == destination.id.value)
    return Fail(ErrorCode::InvalidArgument, "Destination is the same as source");
  const Failure failure = Fail(error, txn);
  constexpr const char* words[][2] = {
      {"a message holds ", "Message data too large! Max size: "},
      {"at max outgoing message capacity (", "At Max Outgoing Message capacity: ("}};
  for (const auto& [ours, theirs] : words) {
    const std::size_t at = LastError().find(ours);
    if (at != std::string::npos) LastError().replace(at, std::strlen(ours), theirs);
  }
  return failure;
}

}  // namespace Detail

namespace Api {

/// Sends a message, delivered in the next tick. CapacityExceeded for one that is too large or one
/// too many in this tick, InvalidArgument for one to this app itself, NotFound where nobody has the
/// partition.
AWS_WEAVERRUNTIME_API inline Result<void> SendMessage(
    Transaction& txn, const MessagePayload& payload, const MessageEndpoint& destination,
    MessageDeliveryType deliveryType = MessageDeliveryType::BestEffort) noexcept {
  static_cast<void>(deliveryType);
  const std::vector<std::uint8_t>& data = payload.data;
  const heddle_error error =
      heddle_send_message(txn.Native(), destination.id.value, data.data(), data.size());
  if (error != HEDDLE_OK) return Detail::FailToSend(error, txn, destination);
  return Success();
}

/// The messages that others sent to this app in the tick before. A second call in one tick gives
/// none.
AWS_WEAVERRUNTIME_API inline Result<MessageList> ReceiveMessages(Transaction& txn) noexcept {
  const heddle_message* messages = nullptr;
  std::size_t count = 0;
  const heddle_error error = heddle_receive_messages(txn.Native(), &messages, &count);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  MessageList list;
  list.messages.reserve(count);
  for (std::size_t place = 0; place < count; place++) {
    const heddle_message& from = messages[place];
    list.messages.push_back(
        {{{MessageEndpointType::Partition, {from.sender}}}, {{from.data, from.data + from.bytes}}});
  }
  return list;
}

}  // namespace Api
}  // namespace WeaverRuntime
}  // namespace Aws

#endif
