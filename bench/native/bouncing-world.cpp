// A cell of a world full of moving, bouncing entities, as bench/apps/bouncing-world.ts:
//
//   bouncing-world <entities in this cell> <band> <speed>
//
// Each tick it reads the neighbours' entities in a band along its borders, and moves its own.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <heddle/heddle.hpp>
#include <vector>

#include "bounce.hpp"

namespace {

using Velocity = std::array<float, 3>;
const heddle::Field<Velocity> velocityField(1, 600);

void populate(const heddle::Owned &owned, const heddle::Partition &own, float half,
              std::uint32_t count, float speed) {
  bench::Random random(own.id + 1);
  const heddle::Bounds cell = *own.bounds;
  owned.create(512, count);
  const heddle::Span<heddle::Position> positions = owned.positions();
  const heddle::Span<Velocity> velocities = owned.field(velocityField).values();
  for (std::uint32_t row = 0; row < owned.rows(); ++row) {
    positions[row].x = cell.minX + static_cast<float>(random() * 0.99999) * (cell.maxX - cell.minX);
    positions[row].y = cell.minY + static_cast<float>(random() * 0.99999) * (cell.maxY - cell.minY);
    positions[row].z = static_cast<float>(random() * 2 - 1) * half;
    for (float &velocity : velocities[row]) velocity = static_cast<float>(random() * 2 - 1) * speed;
  }
  owned.stored(velocityField);
  owned.moved();
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bouncing-world <entities> <band> <speed>\n");
    return 2;
  }
  const auto count = static_cast<std::uint32_t>(std::atoi(argv[1]));
  const auto band = static_cast<float>(std::atof(argv[2]));
  const auto speed = static_cast<float>(std::atof(argv[3]));
  heddle::Application application = heddle::createApplication();
  const heddle::Partition own = application.assignedPartitions().front();
  float half = 0;
  for (const heddle::Partition &partition : application.allPartitions())
    if (partition.bounds) half = std::max(half, partition.bounds->maxX);
  std::optional<heddle::Subscription> border;
  std::vector<std::uint32_t> turned;
  // Uses what was read, so that the compiler cannot drop the read.
  float nearest = 1e9f;
  for (heddle::Transaction &transaction : application.updates()) {
    if (transaction.tick() == 1) populate(transaction.owned(), own, half, count, speed);
    if (!border) {
      const heddle::Bounds cell = *own.bounds;
      border = transaction.createSubscriptionBoundingBox2F32(
          own.domain, {cell.minX - band, cell.minY - band, cell.maxX + band, cell.maxY + band});
    }
    for (const heddle::Covered &covered : transaction.covered(*border))
      for (const heddle::Place &place : covered.places())
        nearest = std::min(nearest, std::fabs(place.x));
    const heddle::Owned owned = transaction.owned();
    const heddle::Span<Velocity> velocities = owned.field(velocityField).values();
    turned.clear();
    owned.sweep([&](heddle::Position *positions, std::uint32_t from, std::uint32_t to) {
      bench::bounce(&positions->x, velocities.data()->data(), half, from, to,
                    [&](std::uint32_t row) { turned.push_back(row); });
    });
    const heddle::Span<const std::uint8_t> states = owned.states();
    for (const std::uint32_t row : turned)
      if (states[row] != 0) owned.touch(row);
  }
  std::printf("the nearest to 0 across the border was at %f\n", static_cast<double>(nearest));
  return 0;
}
