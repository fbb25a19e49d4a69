// Subscriptions: their events, and what they cover.

#include <cmath>

#include "../failure.hpp"
#include "application.hpp"

namespace heddle {

namespace {

heddle_entity handleOf(const SeenEntity& seen) {
  return {uint64_t(seen.id), seen.type, seen.partition, seen.row};
}

constexpr heddle_action actions[] = {HEDDLE_ADD, HEDDLE_UPDATE, HEDDLE_REMOVE};

}  // namespace

uint32_t Application::subscribe(uint32_t domain, const heddle_box& box) {
  requireOpen();
  checkDomain(domain);
  const Box checked = checkedBox(box);
  const uint32_t id = nextSubscription_++;
  subscriptions_.try_emplace(id, fabric_, owner_.index, domain, checked);
  subscriptionsVersion_++;
  return id;
}

void Application::modifySubscription(uint32_t subscription, const heddle_box& box) {
  Subscription& found = subscriptionOf(subscription);
  found.moveTo(checkedBox(box));
  subscriptionsVersion_++;
}

void Application::deleteSubscription(uint32_t subscription) {
  subscriptionOf(subscription);
  subscriptions_.erase(subscription);
  coveredLent_.erase(subscription);
  subscriptionsVersion_++;
}

const Lent<heddle_change>& Application::subscriptionEvents() {
  requireOpen();
  eventsLent_.clear();
  for (auto& [id, subscription] : subscriptions_)
    for (const SubscriptionEvent& event : subscription.look(owner_.tick - 1))
      eventsLent_.push_back({actions[int(event.kind)], id, handleOf(event.entity)});
  return eventsLent_;
}

const Lent<heddle_entity>& Application::subscribedEntities(uint32_t subscription) {
  entitiesLent_.clear();
  for (const SeenEntity& seen : subscriptionOf(subscription).seen())
    entitiesLent_.push_back(handleOf(seen));
  return entitiesLent_;
}

const Lent<heddle_covered>& Application::covered(uint32_t subscription) {
  Subscription& found = subscriptionOf(subscription);
  Lent<heddle_covered>& lent = coveredLent_[subscription];
  lent.clear();
  for (const CoveredRows& covered : found.covered(owner_.tick - 1)) {
    const Side& side = covered.memory->side(owner_.tick - 1);
    lent.push_back({covered.memory->index, uint32_t(covered.places.size()), covered.places.data(),
                    side.rows(), side.id, side.type, side.state, side.position});
  }
  return lent;
}

heddle_field_view Application::coveredField(uint32_t partition, const heddle_shape& shape) {
  requireOpen();
  checkShape(shape);
  if (!fabric_.control.partitionInUse(partition))
    throw Failure(HEDDLE_NOT_FOUND, "there is no partition " + std::to_string(partition));
  const uint32_t side = uint32_t(uint64_t(owner_.tick - 1) % 2);
  const FieldView view = fabric_.partition(partition).field(side, shape.index);
  if (!view) return {};
  if (view.stride % shape.align_bytes != 0 || view.stride < shape.bytes)
    throw Failure(HEDDLE_INVALID_STATE,
                  "field " + std::to_string(shape.index) + " is kept with " +
                      std::to_string(view.stride) + " bytes a row there, which does not suit its " +
                      "shape: was data of another shape stored in it?");
  return {view.data, view.stride, view.length};
}

// --- checks

Box Application::checkedBox(const heddle_box& box) const {
  if (!(box.min_x <= box.max_x && box.min_y <= box.max_y))
    throw Failure(HEDDLE_INVALID_ARGUMENT, "not a box: its least edges are beyond its most");
  return {box.min_x, box.min_y, box.max_x, box.max_y};
}

Subscription& Application::subscriptionOf(uint32_t subscription) {
  requireOpen();
  const auto found = subscriptions_.find(subscription);
  if (found == subscriptions_.end())
    throw Failure(HEDDLE_NOT_FOUND, "there is no subscription " + std::to_string(subscription));
  return found->second;
}

}  // namespace heddle
