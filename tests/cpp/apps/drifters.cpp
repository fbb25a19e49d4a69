// The world of drifters.ts in C++, with columns: its state hash is the same at every tick.
// `drifters COUNT UNTIL`

#include <cmath>
#include <cstdio>
#include <heddle/heddle.hpp>

namespace {

struct Drift {
  float velocity[2];
  std::uint32_t met;
  std::uint16_t seen;
  std::uint8_t kind;
};
HEDDLE_SHAPE(Drift, velocity, met, seen, kind);

constexpr std::uint32_t DRIFTER = 512;
constexpr float SIGHT = 60;
constexpr float HALF = 1000;
const heddle::Field<Drift> drift{1, 600};
const heddle::Field<double> mark{2, 601};

using RowList = std::vector<std::uint32_t>;

void populate(const heddle::Owned& owned, const heddle::Bounds& cell, std::uint32_t count) {
  const RowList rows = owned.create(DRIFTER, count);
  const auto positions = owned.positions();
  const auto drifts = owned.field(drift);
  for (std::uint32_t index = 0; index < count; index++) {
    const std::uint32_t row = rows[index];
    positions[row].x = cell.minX + float(index * 83 % 980) + 10;
    positions[row].y = cell.minY + float(index * 47 % 980) + 10;
    const int turn = int(index);
    drifts[row] = {
        {float(turn % 7 - 3) * 8, float(turn % 5 - 2) * 9}, 0, 0, std::uint8_t(index % 200)};
  }
  owned.moved();
  owned.stored(drift);
}

/** Deletes some, and takes the mark from others, or gives it to them. */
void drop(const heddle::Owned& owned, std::uint64_t tick) {
  const auto ids = owned.ids();
  const auto states = owned.states();
  const auto every = [&](std::uint64_t divisor) {
    RowList rows;
    for (std::uint32_t row = 0; row < owned.rows(); row++)
      if (states[row] != 0 && (std::uint64_t(ids[row]) + tick) % divisor == 0) rows.push_back(row);
    return rows;
  };
  owned.give(mark, every(3));
  owned.take(mark, every(4));
  owned.deleteRows(every(41));
}

void bear(const heddle::Owned& owned, std::uint64_t tick) {
  const RowList rows = owned.create(DRIFTER, 3);
  owned.give(drift, rows);
  const auto positions = owned.positions();
  const auto drifts = owned.field(drift);
  for (std::size_t index = 0; index < rows.size(); index++) {
    positions[rows[index]].x += float(index) * 7 - float(tick);
    drifts[rows[index]].velocity[0] = 5 * float(index) - 4;
  }
  owned.touched(rows);
}

void live(heddle::Transaction& transaction, heddle::Subscription border) {
  const heddle::Owned owned = transaction.owned();
  drop(owned, transaction.tick());
  if (transaction.tick() % 8 == 0) bear(owned, transaction.tick());
  const heddle::Neighbourhood near = transaction.neighbourhood(SIGHT);
  const auto others = near.field(drift);
  std::uint16_t covered = 0;
  for (const heddle::Covered& part : transaction.covered(border))
    covered += std::uint16_t(part.places().size() + (part.field(mark) ? 1 : 0));
  const auto states = owned.states();
  const auto positions = owned.positions();
  const auto drifts = owned.field(drift);
  for (std::uint32_t row = 0; row < owned.rows(); row++) {
    if (states[row] == 0) continue;
    Drift& own = drifts[row];
    std::uint32_t sum = 0;
    for (const std::uint32_t entry : near.of(row)) sum += others[entry].kind + 1u;
    own.met += sum;
    own.seen = std::uint16_t(own.seen + covered);
    if (sum % 2 == 1) {
      const float x = own.velocity[0];
      own.velocity[0] = -own.velocity[1];
      own.velocity[1] = x;
    }
    if (std::abs(positions[row].x + own.velocity[0]) > HALF) own.velocity[0] *= -1;
    if (std::abs(positions[row].y + own.velocity[1]) > HALF) own.velocity[1] *= -1;
  }
  owned.stored(drift);
  owned.sweep([=](heddle::Position* places, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t row = from; row < to; row++) {
      places[row].x += drifts[row].velocity[0];
      places[row].y += drifts[row].velocity[1];
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  auto application = heddle::createApplication();
  const heddle::Partition own = application.assignedPartitions().front();
  const heddle::Bounds cell = *own.bounds;
  std::optional<heddle::Subscription> border;
  for (auto& transaction : application.updates()) {
    if (!border)
      border = transaction.createSubscriptionBoundingBox2F32(
          own.domain, {cell.minX - SIGHT, cell.minY - SIGHT, cell.maxX + SIGHT, cell.maxY + SIGHT});
    if (transaction.tick() >= std::strtoull(argv[2], nullptr, 10)) continue;
    if (transaction.tick() == 1)
      populate(transaction.owned(), cell, std::uint32_t(std::atoi(argv[1])));
    else
      live(transaction, *border);
  }
  return 0;
}
