// An open update of the world: an app reads and writes with it, and commits it.
// Owns no data; lists and data that it lends are good until the commit, or the next call that lends
// of the same kind.
#ifndef HEDDLE_TRANSACTION_HPP
#define HEDDLE_TRANSACTION_HPP

#include <utility>

#include "others.hpp"

namespace heddle {

/// One tick. Moved, never copied. After `commit`, calls throw InvalidState.
class Transaction {
 public:
  /// @internal
  explicit Transaction(heddle_application* native) noexcept
      : native_(native), tick_(heddle_current_tick(native)) {}
  Transaction(Transaction&& other) noexcept
      : native_(std::exchange(other.native_, nullptr)), tick_(other.tick_) {}
  Transaction& operator=(Transaction&& other) noexcept {
    native_ = std::exchange(other.native_, nullptr);
    tick_ = other.tick_;
    return *this;
  }

  /// Ticks count from 1.
  std::uint64_t tick() const noexcept { return tick_; }

  /// Ends the update: all others see in the next tick what was written. In a loop over `updates()`,
  /// the loop commits; call it earlier to let the world go on while this app does something else.
  /// InvalidArgument where an entity was moved out of the world in a column: the update stays open;
  /// move it back.
  void commit() {
    check(heddle_commit(native()));
    native_ = nullptr;
  }
  /// Whether it is not committed yet.
  bool isOpen() const noexcept { return native_ != nullptr; }

  // --- entities

  /// Makes an entity of this app: without a position in the middle of its cell, or at 0, 0, 0.
  /// InvalidArgument: type below 512, or a position outside of the world. CapacityExceeded.
  Entity createEntity(std::uint32_t typeId) { return create(typeId, nullptr); }
  Entity createEntity(std::uint32_t typeId, Position position) {
    const float at[3] = {position.x, position.y, position.z};
    return create(typeId, at);
  }
  /// Removes it: here at once, for others in the next tick. NotOwned, NotFound.
  void deleteEntity(const Entity& entity) {
    check(heddle_delete_entity(native(), entity.native()));
  }
  /// All own entities, by row: a copy, so that you may create and delete.
  std::vector<Entity> ownedEntities() {
    std::vector<Entity> entities;
    const heddle_columns columns = this->columns();
    entities.reserve(columns.count);
    const Owned owned = this->owned();
    for (std::uint32_t row = 0; row < columns.rows; row++)
      if (columns.states[row] != 0) entities.push_back(owned.entity(row));
    return entities;
  }
  /// Number of own entities.
  std::uint32_t ownedEntityCount() { return columns().count; }

  /// Moves an entity. One that leaves this app's cell goes to its new owner after the commit.
  /// InvalidArgument outside of the world, NotOwned, NotFound.
  void storeEntityIndexKey(const Entity& entity, Position position) {
    check(heddle_store_position(native(), entity.native(), position.x, position.y, position.z));
  }
  /// The position of an entity that this app owns or is subscribed to. NotFound.
  Position loadEntityIndexKey(const Entity& entity) {
    float at[3];
    check(heddle_load_position(native(), entity.native(), at));
    return {at[0], at[1], at[2]};
  }

  /// Writes a data field, index 1 to 63. InvalidArgument; CapacityExceeded: longer than a field may
  /// be, or no room; NotOwned, NotFound.
  void storeEntityField(const Entity& entity, std::uint32_t index, std::uint32_t typeId,
                        Span<const std::uint8_t> data) {
    check(heddle_store_field(native(), entity.native(), index, typeId, data.data(), data.size()));
  }
  template <class T>
  void storeEntityField(const Entity& entity, const Field<T>& field, const T& value) {
    check(heddle_store_field(native(), entity.native(), field.index(), field.typeId(), &value,
                             sizeof value));
  }
  /// Reads a data field of an entity that this app owns or is subscribed to. NotFound: no such
  /// field, or not readable from here.
  EntityField loadEntityField(const Entity& entity, std::uint32_t index) {
    std::uint32_t typeId;
    const void* data;
    std::size_t bytes;
    check(heddle_load_field(native(), entity.native(), index, &typeId, &data, &bytes));
    return {typeId, {static_cast<const std::uint8_t*>(data), bytes}};
  }
  /// The same as a value; InvalidState where data of another length is stored.
  template <class T>
  T loadEntityField(const Entity& entity, const Field<T>& field) {
    const EntityField found = loadEntityField(entity, field.index());
    if (found.data.size() != sizeof(T))
      detail::refuse(ErrorCode::InvalidState, "field " + std::to_string(field.index()) + " has " +
                                                  std::to_string(found.data.size()) +
                                                  " bytes, not " + std::to_string(sizeof(T)));
    T value;
    std::memcpy(static_cast<void*>(&value), found.data.data(), sizeof value);
    return value;
  }
  /// NotFound, NotOwned.
  void removeEntityField(const Entity& entity, std::uint32_t index) {
    check(heddle_remove_field(native(), entity.native(), index));
  }
  /// Hands an entity to a spatial domain: from the next tick on, the app whose cell holds its
  /// position owns it. InvalidArgument: the domain has no area, or does not hold the position.
  void modifyEntityDomain(const Entity& entity, const std::string& domain) {
    check(heddle_modify_entity_domain(native(), entity.native(), domainOf(domain)));
  }
  /// What happened to this app's ownership since the last call, oldest first. A new or restarted
  /// app gets an Add for each entity that it owns.
  Lent<heddle_change, OwnershipChange> ownershipChanges() {
    return list<heddle_change, OwnershipChange>(heddle_ownership_changes);
  }

  /// This app's entities as columns.
  Owned owned() { return Owned(native()); }

  // --- what others own

  /// Subscribes to a box on a domain. InvalidArgument.
  Subscription createSubscriptionBoundingBox2F32(const std::string& domain, const Bounds& box) {
    const heddle_box bounds = box.native();
    Subscription made;
    check(heddle_create_subscription(native(), domainOf(domain), &bounds, &made.id));
    return made;
  }
  /// Moves the box. NotFound, InvalidArgument.
  void modifySubscriptionBoundingBox2F32(Subscription subscription, const Bounds& box) {
    const heddle_box bounds = box.native();
    check(heddle_modify_subscription(native(), subscription.id, &bounds));
  }
  /// Ends its events, and the right to read what it covers. NotFound.
  void deleteSubscription(Subscription subscription) {
    check(heddle_delete_subscription(native(), subscription.id));
  }
  /// What happened in all subscribed boxes since the last call.
  Lent<heddle_change, SubscriptionChange> allSubscriptionEvents() {
    return list<heddle_change, SubscriptionChange>(heddle_subscription_events);
  }
  /// The entities in the box, as of the last `allSubscriptionEvents`. NotFound.
  Lent<heddle_entity, Entity> subscribedEntities(Subscription subscription) {
    const heddle_entity* entities;
    std::size_t count;
    check(heddle_subscribed_entities(native(), subscription.id, &entities, &count));
    return {entities, count};
  }
  /// The entities within a radius of a place, in the plane of x and y, each once and in no
  /// particular order, as of the tick before: own ones, and others as far as subscriptions cover
  /// them. InvalidArgument.
  Lent<heddle_neighbour, Neighbour> neighbours(float x, float y, float radius) {
    const heddle_neighbour* found;
    std::size_t count;
    check(heddle_neighbours(native(), x, y, radius, &found, &count));
    return {found, count};
  }

  /// The columns of what a subscription covers, by partition. Partitions without any entity in the
  /// box are left out. NotFound.
  std::vector<Covered> covered(Subscription subscription) {
    const heddle_covered* partitions;
    std::size_t count;
    check(heddle_covered_columns(native(), subscription.id, &partitions, &count));
    std::vector<Covered> covered;
    for (std::size_t place = 0; place < count; place++)
      covered.emplace_back(native_, partitions[place]);
    return covered;
  }
  /// Takes a picture of all entities that this app can see, with the neighbours within `radius` of
  /// each own one. For questions about most entities. Without the list, `of` cannot be asked.
  /// InvalidArgument for a radius that is not above 0.
  Neighbourhood neighbourhood(float radius, bool withList = true) {
    heddle_neighbourhood picture;
    check(heddle_take_neighbourhood(native(), radius, withList, &picture));
    return {native_, picture};
  }

  // --- messages

  /// The app of a spatial domain whose cell holds a position. InvalidArgument.
  Endpoint resolveEndpointByPosition(const std::string& domain, float x, float y) {
    Endpoint endpoint;
    check(heddle_resolve_position(native(), domainOf(domain), x, y, &endpoint.partition));
    return endpoint;
  }
  /// An app of any domain. Spatial apps are named by domain, column and row: `Cells-2-0`.
  /// InvalidArgument, NotFound.
  Endpoint resolveEndpointByAppName(const std::string& domain, const std::string& name) {
    Endpoint endpoint;
    check(heddle_resolve_app_name(native(), domainOf(domain), name.c_str(), &endpoint.partition));
    return endpoint;
  }
  /// Delivers bytes in the next tick. CapacityExceeded: too long, or too many messages or bytes in
  /// this tick; InvalidArgument: sent to itself; NotFound.
  void sendMessage(Endpoint endpoint, Span<const std::uint8_t> payload) {
    check(heddle_send_message(native(), endpoint.partition, payload.data(), payload.size()));
  }
  /// Sends the bytes of an object, to be read with `message.as<T>()`.
  template <class T,
            class = std::enable_if_t<std::is_trivially_copyable_v<T> &&
                                     !std::is_convertible_v<const T&, Span<const std::uint8_t>>>>
  void sendMessage(Endpoint endpoint, const T& object) {
    check(heddle_send_message(native(), endpoint.partition, &object, sizeof object));
  }
  /// The messages of the tick before, by sender and then in the order of sending. A second call in
  /// a tick gives none.
  Lent<heddle_message, Message> receiveMessages() {
    return list<heddle_message, Message>(heddle_receive_messages);
  }

  /// For calls of heddle.h. InvalidState where the update is over.
  heddle_application* native() const {
    if (!native_)
      detail::refuse(ErrorCode::InvalidState, "the transaction is over: it was committed");
    return native_;
  }

 private:
  Entity create(std::uint32_t typeId, const float* position) {
    heddle_entity made;
    check(heddle_create_entity(native(), typeId, position, &made));
    return Entity(made);
  }
  std::uint32_t domainOf(const std::string& name) const {
    std::uint32_t domain;
    check(heddle_domain_by_name(native(), name.c_str(), &domain));
    return domain;
  }
  heddle_columns columns() const {
    heddle_columns columns;
    check(heddle_owned_rows(native(), &columns));
    return columns;
  }
  template <class Native, class Item>
  Lent<Native, Item> list(heddle_error (*call)(heddle_application*, const Native**,
                                               std::size_t*)) const {
    const Native* items;
    std::size_t count;
    check(call(native(), &items, &count));
    return {items, count};
  }
  void check(heddle_error error) const { detail::check(error, native_); }

  heddle_application* native_;
  std::uint64_t tick_;
};

}  // namespace heddle

#endif
