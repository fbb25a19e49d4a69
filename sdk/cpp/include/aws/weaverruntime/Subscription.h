// What this app hears of: entities in subscribed boxes, and changes of what it owns.
// Owns the lists that calls return: they are copies, good for as long as you like.
#ifndef AWS_WEAVERRUNTIME_SUBSCRIPTION_H
#define AWS_WEAVERRUNTIME_SUBSCRIPTION_H

#include "Entity.h"

namespace Aws {
namespace WeaverRuntime {
namespace Api {

/// Something that happened in a subscribed box: Add, Update or Remove.
struct SubscriptionEvent {
  Entity entity;
  ChangeListAction action;
  SubscriptionHandle subscription;
};
struct SubscriptionChangeList {
  std::vector<SubscriptionEvent> changes;
};

/// Something that happened to what this app owns: Add, Remove or Reject.
struct OwnershipChange {
  Entity entity;
  ChangeListAction action;
};
struct OwnershipChangeList {
  std::vector<OwnershipChange> changes;
};

}  // namespace Api

namespace Detail {

inline heddle_box BoxOf(const Api::BoundingBox2F32& box) noexcept {
  return {box.min.x, box.min.y, box.max.x, box.max.y};
}

}  // namespace Detail

namespace Api {

/// Subscribes to a box on a domain. It may cover many cells, this app's own included; what this app
/// owns is reported by OwnershipChanges. InvalidArgument for an unknown domain, or edges in the
/// wrong order.
AWS_WEAVERRUNTIME_API inline Result<SubscriptionHandle> CreateSubscriptionBoundingBox2F32(
    Transaction& txn, DomainId id, const BoundingBox2F32& boundingBox) noexcept {
  const heddle_box box = Detail::BoxOf(boundingBox);
  SubscriptionHandle handle;
  const heddle_error error =
      heddle_create_subscription(txn.Native(), id.value, &box, &handle.value);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return handle;
}

/// Moves the box: the next events tell what is new inside, and what is outside. NotFound,
/// InvalidArgument.
AWS_WEAVERRUNTIME_API inline Result<void> ModifySubscriptionBoundingBox2F32(
    Transaction& txn, SubscriptionHandle handle, const BoundingBox2F32& boundingBox) noexcept {
  const heddle_box box = Detail::BoxOf(boundingBox);
  const heddle_error error = heddle_modify_subscription(txn.Native(), handle.value, &box);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return Success();
}

/// Ends a subscription, its events, and the right to read what it covers. NotFound.
AWS_WEAVERRUNTIME_API inline Result<void> DeleteSubscription(Transaction& txn,
                                                             SubscriptionHandle handle) noexcept {
  const heddle_error error = heddle_delete_subscription(txn.Native(), handle.value);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return Success();
}

/// What happened in all subscribed boxes since the last call: not since the last tick. A second
/// call in one tick gives nothing.
AWS_WEAVERRUNTIME_API inline Result<SubscriptionChangeList> AllSubscriptionEvents(
    Transaction& txn) noexcept {
  const heddle_change* events = nullptr;
  std::size_t count = 0;
  const heddle_error error = heddle_subscription_events(txn.Native(), &events, &count);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  SubscriptionChangeList list;
  list.changes.reserve(count);
  for (std::size_t place = 0; place < count; place++)
    list.changes.push_back({Entity(events[place].entity),
                            static_cast<ChangeListAction>(events[place].action),
                            {events[place].subscription}});
  return list;
}

/// What happened to this app's ownership since the last call: not since the last tick. An app that
/// begins, or begins again, gets an Add for each entity that it owns.
AWS_WEAVERRUNTIME_API inline Result<OwnershipChangeList> OwnershipChanges(
    Transaction& txn) noexcept {
  const heddle_change* changes = nullptr;
  std::size_t count = 0;
  const heddle_error error = heddle_ownership_changes(txn.Native(), &changes, &count);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  OwnershipChangeList list;
  list.changes.reserve(count);
  for (std::size_t place = 0; place < count; place++)
    list.changes.push_back(
        {Entity(changes[place].entity), static_cast<ChangeListAction>(changes[place].action)});
  return list;
}

/// Does nothing: reads of Heddle's fabric hold no locks.
AWS_WEAVERRUNTIME_API inline Result<void> ReleaseReadLeases(Transaction& txn) noexcept {
  if (!txn.Native()) return Detail::Fail(HEDDLE_INVALID_STATE, txn);
  return Success();
}

}  // namespace Api
}  // namespace WeaverRuntime
}  // namespace Aws

#endif
