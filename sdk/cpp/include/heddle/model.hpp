// The plain things that calls take and give. Calls nothing.
#ifndef HEDDLE_MODEL_HPP
#define HEDDLE_MODEL_HPP

#include <heddle.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "error.hpp"
#include "span.hpp"

namespace heddle {

/// World units.
struct Position {
  float x = 0, y = 0, z = 0;
};

/// World units. A cell owns its lower edges; the last cell of an axis owns its upper edge too. The
/// edges of a subscription's box are inside.
struct Bounds {
  float minX, minY, maxX, maxY;

  explicit Bounds(const heddle_box& box)
      : minX(box.min_x), minY(box.min_y), maxX(box.max_x), maxY(box.max_y) {}
  constexpr Bounds(float minX_, float minY_, float maxX_, float maxY_)
      : minX(minX_), minY(minY_), maxX(maxX_), maxY(maxY_) {}
  /// @internal
  heddle_box native() const noexcept { return {minX, minY, maxX, maxY}; }
};

/// Type ids of entities begin here. Those below are built in.
constexpr std::uint32_t firstTypeId = 512;

/// A handle on an entity: a value, to be copied and kept as long as you like. Its id is unique in
/// the simulation, for ever. Handles are equal where their ids are.
class Entity {
 public:
  /// No entity: calls throw NotFound.
  Entity() noexcept = default;
  /// Of an id that was kept or sent. The first call that takes the handle looks for the entity.
  explicit Entity(std::uint64_t id) noexcept { native_.id = id; }
  /// @internal
  explicit Entity(const heddle_entity& native) noexcept : native_(native) {}

  /// A whole number below 2^53, never given again.
  std::uint64_t id() const noexcept { return native_.id; }
  /// 512 or higher.
  std::uint32_t type() const noexcept { return native_.type; }
  /// @internal Calls note in it where the entity was seen last.
  heddle_entity* native() const noexcept { return &native_; }

  friend bool operator==(const Entity& one, const Entity& other) noexcept {
    return one.id() == other.id();
  }
  friend bool operator!=(const Entity& one, const Entity& other) noexcept {
    return one.id() != other.id();
  }
  friend bool operator<(const Entity& one, const Entity& other) noexcept {
    return one.id() < other.id();
  }

 private:
  mutable heddle_entity native_{};
};

/// The data of a field, lent without a copy. Good until the commit, or until the app creates
/// entities or stores longer data in the field.
struct EntityField {
  std::uint32_t typeId;
  Span<const std::uint8_t> data;
};

enum class DomainType { Spatial, Service, Custom };

/// What one app owns.
struct Partition {
  std::uint32_t id;
  std::string domain;
  DomainType domainType;
  std::string appName;
  /// The partition's cell; only of spatial domains.
  std::optional<Bounds> bounds;

  explicit Partition(const heddle_partition& native)
      : id(native.id),
        domain(native.domain_name),
        domainType(DomainType(native.domain_type)),
        appName(native.app_name) {
    if (native.has_cell) bounds = Bounds(native.cell);
  }
};

/// `None` is never sent.
enum class ChangeKind { None, Remove, Add, Update, Reject };

struct OwnershipChange {
  /// Add: owned from now on. Remove: another app owns it. Reject: it should have gone to another
  /// app, which has no room; tried again each tick.
  ChangeKind kind;
  Entity entity;

  explicit OwnershipChange(const heddle_change& native)
      : kind(ChangeKind(native.action)), entity(native.entity) {}
};

/// A box on a domain whose entities this app hears of.
struct Subscription {
  std::uint32_t id = 0;

  friend bool operator==(Subscription one, Subscription other) { return one.id == other.id; }
  friend bool operator!=(Subscription one, Subscription other) { return one.id != other.id; }
};

struct SubscriptionChange {
  /// Add: in the box, newly. Update: in the box, and written. Remove: left the box, or deleted.
  ChangeKind kind;
  Subscription subscription;
  Entity entity;

  explicit SubscriptionChange(const heddle_change& native)
      : kind(ChangeKind(native.action)), subscription{native.subscription}, entity(native.entity) {}
};

/// An entity within the radius that was asked for, as of the tick before.
struct Neighbour {
  Entity entity;
  Position position;

  explicit Neighbour(const heddle_neighbour& native)
      : entity(native.entity),
        position{native.position[0], native.position[1], native.position[2]} {}
};

/// Where messages can be sent: the partition of one app.
struct Endpoint {
  std::uint32_t partition = 0;

  friend bool operator==(Endpoint one, Endpoint other) { return one.partition == other.partition; }
  friend bool operator!=(Endpoint one, Endpoint other) { return one.partition != other.partition; }
};

/// A message that this app received. Its payload is lent until the commit.
struct Message {
  /// For replies.
  Endpoint sender;
  /// The bytes that were sent.
  Span<const std::uint8_t> payload;

  explicit Message(const heddle_message& native)
      : sender{native.sender}, payload(native.data, native.bytes) {}

  /// The object that was sent with `sendMessage(endpoint, object)`. InvalidArgument where the
  /// payload has another size.
  template <class T>
  T as() const {
    static_assert(std::is_trivially_copyable_v<T>, "a message is copied byte by byte");
    if (payload.size() != sizeof(T))
      detail::refuse(ErrorCode::InvalidArgument, "the message has " +
                                                     std::to_string(payload.size()) +
                                                     " bytes, not " + std::to_string(sizeof(T)));
    T object;
    std::memcpy(static_cast<void*>(&object), payload.data(), sizeof(T));
    return object;
  }
};

/// Limits that can be asked for, in entities. Transfers are those that a partition may receive in a
/// tick.
enum class RuntimeLimitKind {
  EntitiesPerPartition = HEDDLE_ENTITIES_PER_PARTITION,
  RemoteEntityTransfers = HEDDLE_REMOTE_ENTITY_TRANSFERS,
  LocalEntityTransfers = HEDDLE_LOCAL_ENTITY_TRANSFERS
};

/// Two gauges, and counters since the last reset.
struct RuntimeMetrics {
  std::uint64_t totalCommittedTicks;
  std::uint32_t activeEntity;
  std::uint32_t ticksSinceReset;
  std::uint32_t loadField, storeField;
  std::uint32_t createdEntity, deletedEntity;
  std::uint32_t enteredEntity, exitedEntity;
  std::uint32_t rejectedIncomingTransfer, rejectedOutgoingTransfer;

  explicit RuntimeMetrics(const heddle_metrics& native)
      : totalCommittedTicks(native.total_committed_ticks),
        activeEntity(native.active_entity),
        ticksSinceReset(native.ticks_since_reset),
        loadField(native.load_field),
        storeField(native.store_field),
        createdEntity(native.created_entity),
        deletedEntity(native.deleted_entity),
        enteredEntity(native.entered_entity),
        exitedEntity(native.exited_entity),
        rejectedIncomingTransfer(native.rejected_incoming_transfer),
        rejectedOutgoingTransfer(native.rejected_outgoing_transfer) {}
};

}  // namespace heddle

namespace std {

template <>
struct hash<heddle::Entity> {
  size_t operator()(const heddle::Entity& entity) const noexcept {
    return hash<uint64_t>()(entity.id());
  }
};

template <>
struct hash<heddle::Subscription> {
  size_t operator()(heddle::Subscription subscription) const noexcept {
    return hash<uint32_t>()(subscription.id);
  }
};

}  // namespace std

#endif
