// Who is near whom: a picture of all entities that an app can see, its own and those that its
// subscriptions cover, sorted by place.
// Owns the picture and copies of fields' values. What is moved afterwards stays in it where it was.
// Memory grows to the largest tick and stays.
#pragma once

#include <map>
#include <vector>

#include "heddle.h"
#include "others.hpp"
#include "place-grid.hpp"

namespace heddle {

class Neighbourhood {
 public:
  /** Takes the picture; `others` are gathered for the open tick. */
  heddle_neighbourhood take(PartitionOwner& owner, const Others& others, float radius,
                            bool withList);
  /** The values of a field by entry, gathered from the partitions that hold them. */
  heddle_field_view field(Fabric& fabric, const PartitionOwner& owner, const Others& others,
                          const heddle_shape& shape);
  /** The entries within a distance of a place. */
  const std::vector<uint32_t>& at(float x, float y, float radius);

 private:
  void listAll(const uint8_t* states, double radius);

  uint32_t ownRows_ = 0, count_ = 0;
  std::vector<double> ids_;
  std::vector<uint32_t> types_;
  std::vector<float> positions_;
  PlaceGrid grid_;
  std::vector<uint32_t> starts_, list_, found_;
  /** By field index. */
  std::map<uint32_t, std::vector<uint8_t>> values_;
};

}  // namespace heddle
