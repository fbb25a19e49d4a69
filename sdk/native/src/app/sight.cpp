// Who is near: neighbours of a place, and the picture of all of them.

#include <cmath>

#include "../failure.hpp"
#include "application.hpp"

namespace heddle {

const std::vector<heddle_neighbour>& Application::neighbours(float x, float y, float radius) {
  requireOpen();
  checkRadius(radius);
  if (!std::isfinite(x) || !std::isfinite(y))
    throw Failure(HEDDLE_INVALID_ARGUMENT, "a place is two finite numbers");
  gatherOthers();
  return neighbours_.find(others_, x, y, radius);
}

heddle_neighbourhood Application::takeNeighbourhood(float radius, bool withList) {
  requireOpen();
  checkRadius(radius);
  gatherOthers();
  pictureTick_ = owner_.tick;
  pictureVersion_ = subscriptionsVersion_;
  return neighbourhood_.take(owner_, others_, radius, withList);
}

heddle_field_view Application::neighbourhoodField(const heddle_shape& shape) {
  requireOpen();
  checkShape(shape);
  if (pictureTick_ != owner_.tick)
    throw Failure(HEDDLE_INVALID_STATE, "no picture was taken in this update: take one");
  if (pictureVersion_ != subscriptionsVersion_)
    throw Failure(HEDDLE_INVALID_STATE,
                  "subscriptions have changed since the picture was taken: take it again");
  return neighbourhood_.field(fabric_, owner_, others_, shape);
}

const std::vector<uint32_t>& Application::neighbourhoodAt(float x, float y, float radius) {
  requireOpen();
  if (pictureTick_ < 0)
    throw Failure(HEDDLE_INVALID_STATE, "no picture was taken yet: take one");
  return neighbourhood_.at(x, y, radius);
}

void Application::gatherOthers() {
  if (others_.gather(subscriptions_, subscriptionsVersion_)) neighbours_.forget();
}

void Application::checkRadius(float radius) const {
  if (!(radius > 0 && std::isfinite(radius)))
    throw Failure(HEDDLE_INVALID_ARGUMENT, "a radius is a number above 0");
}

}  // namespace heddle
