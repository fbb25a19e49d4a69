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

/** Edges side by side as positions lie, so that the processor compares many numbers at once. */
class Block {
 public:
  static constexpr uint32_t rows = 16;
  explicit Block(const Edges& edges) {
    for (uint32_t row = 0; row < rows; row++) {
      // A z within these is finite.
      const float least[] = {edges.minX, edges.minY, -INFINITY};
      const float most[] = {edges.maxX, edges.maxY, INFINITY};
      for (uint32_t axis = 0; axis < 3; axis++) {
        least_[row * 3 + axis] = least[axis];
        most_[row * 3 + axis] = most[axis];
      }
    }
  }
  bool holds(const float* position) const {
    int outside = 0;
    for (uint32_t place = 0; place < rows * 3; place++)
      outside |= !(position[place] > least_[place]) | !(position[place] < most_[place]);
    return outside == 0;
  }

 private:
  float least_[rows * 3], most_[rows * 3];
};

}  // namespace

void findOutside(const float* position, uint32_t from, uint32_t to, const Box& box,
                 const Box& outer, PlaceList& found, RowList& beyond) {
  const Edges inner(box), all(outer);
  const Block block(inner);
  const auto look = [&](uint32_t row) {
    const float x = position[uint64_t(row) * 3];
    const float y = position[uint64_t(row) * 3 + 1];
    const float z = position[uint64_t(row) * 3 + 2];
    const bool isFinite = std::isfinite(z);
    if (inner.hold(x, y) & isFinite) return;
    found.push_back({row, x, y});
    if (!(all.hold(x, y) & isFinite)) beyond.push_back(row);
  };
  uint32_t row = from;
  for (; row < to && to - row >= Block::rows; row += Block::rows) {
    if (block.holds(position + uint64_t(row) * 3)) continue;
    for (uint32_t place = 0; place < Block::rows; place++) look(row + place);
  }
  for (; row < to; row++) look(row);
}

}  // namespace heddle
