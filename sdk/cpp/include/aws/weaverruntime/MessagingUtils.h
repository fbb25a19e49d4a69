// Helpers around messages: who a message is for, and objects as payloads. Both documented forms.
// Never sends anything.
#ifndef AWS_WEAVERRUNTIME_MESSAGINGUTILS_H
#define AWS_WEAVERRUNTIME_MESSAGINGUTILS_H

#include <algorithm>
#include <cstring>
#include <sstream>

#include "Messaging.h"

namespace Aws {
namespace WeaverRuntime {
namespace Api {
namespace Utils {

/// Finds the partition that a message is for.
class MessageEndpointResolver {
 public:
  /// Resolves for the application that this process created last.
  MessageEndpointResolver() noexcept = default;

  /// Resolves for the application of a transaction. The resolver may be kept after its commit.
  explicit MessageEndpointResolver(const Transaction& txn) noexcept : state_(txn.State()) {}

  /// The app of the named spatial domain whose cell holds a position. InvalidArgument where there
  /// is no such domain, or none of its cells holds the position.
  static Result<MessageEndpoint> ResolveFromPosition(Transaction& txn,
                                                     const std::string& domainName,
                                                     const Vector2F32& position) noexcept {
    WEAVERRUNTIME_TRY(const DomainId domain, DomainOf(txn, domainName));
    return AtPosition(txn.Native(), domain, position.x, position.y);
  }

  /// The app of that name of the named domain. InvalidArgument where there is no such domain,
  /// NotFound where it has no such app.
  static Result<MessageEndpoint> ResolveFromCustomAppName(Transaction& txn,
                                                          const std::string& domainName,
                                                          const std::string& appName) noexcept {
    WEAVERRUNTIME_TRY(const DomainId domain, DomainOf(txn, domainName));
    return OfName(txn.Native(), domain, appName.c_str());
  }

  /// The app of a spatial domain whose cell holds a position. InvalidArgument.
  Result<MessageEndpoint> ResolveEndpointFromPosition(const DomainId& domainId,
                                                      const weaver_vec3_f32_t& pos) noexcept {
    return AtPosition(Native(), domainId, pos.x, pos.y);
  }

  /// The app of that name of a domain. InvalidArgument for an unknown domain, NotFound.
  Result<MessageEndpoint> ResolveEndpointFromCustomAppName(const DomainId& domainId,
                                                           const char* agentName) noexcept {
    return OfName(Native(), domainId, agentName);
  }

 private:
  heddle_application* Native() const noexcept {
    const Detail::ApplicationState* state = state_ ? state_ : Detail::Latest();
    return state ? state->native : nullptr;
  }

  static Result<DomainId> DomainOf(const Transaction& txn, const std::string& name) {
    if (!txn.Native()) return Detail::Fail(HEDDLE_INVALID_STATE, txn);
    DomainId domain;
    if (heddle_domain_by_name(txn.Native(), name.c_str(), &domain.value) == HEDDLE_OK)
      return domain;
    return Detail::Fail(ErrorCode::InvalidArgument,
                        "No DomainId found for the given domain name '" + name + "'");
  }

  static Result<MessageEndpoint> AtPosition(heddle_application* native, DomainId domain, float x,
                                            float y) {
    if (!native) return FailNoApplication();
    MessageEndpoint endpoint;
    if (heddle_resolve_position(native, domain.value, x, y, &endpoint.id.value) == HEDDLE_OK)
      return endpoint;
    std::ostringstream why;
    why << "Could not resolve endpoint from domain : " << domain
        << " and position: " << Vector2F32{x, y};
    return Detail::Fail(ErrorCode::InvalidArgument, why.str());
  }

  static Result<MessageEndpoint> OfName(heddle_application* native, DomainId domain,
                                        const char* name) {
    if (!native) return FailNoApplication();
    MessageEndpoint endpoint;
    const heddle_error error =
        heddle_resolve_app_name(native, domain.value, name, &endpoint.id.value);
    if (error != HEDDLE_OK) return Detail::Fail(error, native);
    return endpoint;
  }

  static Failure FailNoApplication() {
    return Detail::Fail(ErrorCode::InvalidState, "this process has no application");
  }

  /// Null stands for the newest.
  const Detail::ApplicationState* state_ = nullptr;
};

/// A payload with a copy of raw bytes.
inline MessagePayload CreateMessagePayload(const std::uint8_t* data, std::size_t length) noexcept {
  return {{data, data + length}};
}

/// A payload with the bytes of an object. All apps that use it must be built alike.
template <class T>
MessagePayload CreateMessagePayload(const T& message) noexcept {
  static_assert(std::is_trivially_copyable_v<T>, "a message is copied byte by byte");
  return CreateMessagePayload(reinterpret_cast<const std::uint8_t*>(&message), sizeof message);
}

/// The object of a payload. Bytes that the payload lacks are 0.
template <class T>
T ExtractMessage(const MessagePayload& payload) noexcept {
  static_assert(std::is_trivially_copyable_v<T>, "a message is copied byte by byte");
  alignas(T) unsigned char bytes[sizeof(T)] = {};
  std::memcpy(bytes, payload.data.data(), std::min(sizeof(T), payload.data.size()));
  return *reinterpret_cast<const T*>(bytes);
}

/// The object of a message's payload.
template <class T>
T ExtractMessage(const Message& message) noexcept {
  return ExtractMessage<T>(message.payload);
}

}  // namespace Utils
}  // namespace Api
}  // namespace WeaverRuntime
}  // namespace Aws

#endif
