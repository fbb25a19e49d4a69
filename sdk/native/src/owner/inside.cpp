// Scans positions.

#include "inside.hpp"

namespace heddle {

namespace {

float roundedUp(double value) {
  const float near = float(value);
  return near < value ? std::nextafter(near, INFINITY) : near;
}
float roundedDown(double value) {
  const float near = float(value);
  return near > value ? std::nextafter(near, -INFINITY) : near;
}

struct Edges {
  explicit Edges(const Box& box)
      : minX(roundedUp(box.minX)),
        minY(roundedUp(box.minY)),
        maxX(roundedDown(box.maxX)),
        maxY(roundedDown(box.maxY)) {}
  bool hold(float x, float y) const { return (x > minX) & (x < maxX) & (y > minY) & (y < maxY); }
  float minX, minY, maxX, maxY;
};

}  // namespace

void findOutside(const float* position, uint32_t from, uint32_t to, const Box& box,
                 const Box& outer, PlaceList& found, RowList& beyond) {
  const Edges inner(box), all(outer);
  for (uint32_t row = from; row < to; row++) {
    const float x = position[uint64_t(row) * 3];
    const float y = position[uint64_t(row) * 3 + 1];
    const float z = position[uint64_t(row) * 3 + 2];
    const bool isFinite = std::isfinite(z);
    if (inner.hold(x, y) & isFinite) continue;
    found.push_back({row, x, y});
    if (!(all.hold(x, y) & isFinite)) beyond.push_back(row);
  }
}

}  // namespace heddle
