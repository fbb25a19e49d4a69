// tests/apps/wanderers.ts once more, in C++: the same numbers move the same entities, so that a
// world of both has the state hash of a world of either: `wanderers --seed 1 --entities 50
// --until 300`.

#include <algorithm>
#include <cmath>
#include <heddle/heddle.hpp>
#include <iostream>
#include <sstream>
#include <vector>

namespace {

std::string seed = "1";
double entityCount = 50;
std::uint64_t until = 1000000000;
float half = 0;

/** As chance() of random.ts: a number from 0 to 1 that depends on the words alone. */
template <class... Words>
double chance(const Words&... words) {
  std::ostringstream joined;
  joined << seed;
  ((joined << '/' << words), ...);
  std::uint32_t hash = 0x811c9dc5;
  for (const char letter : joined.str())
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x01000193u;
  hash = (hash ^ (hash >> 16)) * 0x7feb352du;
  hash = (hash ^ (hash >> 15)) * 0x846ca68bu;
  return (hash ^ (hash >> 16)) / 4294967296.0;
}

void storeBytes(heddle::Transaction& transaction, const heddle::Entity& entity,
                std::uint32_t field, std::uint32_t type) {
  const double length = std::floor(chance(transaction.tick(), entity.id(), "length") * 200);
  const std::vector<std::uint8_t> bytes(std::size_t(length), std::uint8_t(transaction.tick()));
  transaction.storeEntityField(entity, field, type, bytes);
}

void create(heddle::Transaction& transaction, const heddle::Partition& own, std::uint32_t birth) {
  const auto along = [&](const char* axis, double least, double most) {
    return float(least + chance(transaction.tick(), own.appName, birth, axis) * (most - least));
  };
  const heddle::Bounds& cell = *own.bounds;
  const heddle::Position position = {along("x", cell.minX, cell.maxX),
                                     along("y", cell.minY, cell.maxY), along("z", 0, 1)};
  storeBytes(transaction, transaction.createEntity(512 + birth % 3, position), 1, 600);
}

bool removeField(heddle::Transaction& transaction, const heddle::Entity& entity,
                 std::uint32_t field) {
  try {
    transaction.removeEntityField(entity, field);
    return true;
  } catch (const heddle::Error& error) {
    if (error.code() != heddle::ErrorCode::NotFound) throw;
    return false;
  }
}

void change(heddle::Transaction& transaction, const heddle::Entity& entity) {
  const std::uint64_t tick = transaction.tick();
  const double what = chance(tick, entity.id(), "what");
  if (what < 0.02) return transaction.deleteEntity(entity);
  const auto anywhere = [&](const char* axis) {
    return float((chance(tick, entity.id(), axis) * 2 - 1) * half);
  };
  if (what < 0.4)
    transaction.storeEntityIndexKey(entity, {anywhere("x"), anywhere("y"), float(tick)});
  if (what > 0.3 && what < 0.5) {
    const auto field = 1 + std::uint32_t(chance(tick, entity.id(), "field") * 4);
    storeBytes(transaction, entity, field, 600 + field);
  }
  if (what <= 0.95) return;
  for (std::uint32_t field = 1; field <= 4; field++)
    if (removeField(transaction, entity, field)) return;
}

void live(heddle::Transaction& transaction, const heddle::Partition& own) {
  // Sorted by id: the order of rows differs between runs.
  std::vector<heddle::Entity> owned = transaction.ownedEntities();
  std::sort(owned.begin(), owned.end());
  for (const heddle::Entity& entity : owned) change(transaction, entity);
  const double births = transaction.tick() == 1
                            ? entityCount
                            : std::floor(chance(transaction.tick(), own.appName) *
                                         (entityCount / 25 + 1));
  for (std::uint32_t birth = 0; birth < births; birth++) create(transaction, own, birth);
}

void sayWhatIsOwned(heddle::Transaction& transaction) {
  std::size_t adds = 0;
  for (const auto& change : transaction.ownershipChanges())
    adds += change.kind == heddle::ChangeKind::Add;
  std::cout << "language=C++ tick=" << transaction.tick() << " adds=" << adds
            << " owned=" << transaction.ownedEntityCount() << std::endl;
}

}  // namespace

int main(int count, char** words) {
  for (int place = 1; place + 1 < count; place += 2) {
    const std::string name = words[place];
    if (name == "--seed") seed = words[place + 1];
    if (name == "--entities") entityCount = std::stod(words[place + 1]);
    if (name == "--until") until = std::stoull(words[place + 1]);
  }
  heddle::Application application = heddle::createApplication();
  const heddle::Partition own = application.assignedPartitions()[0];
  for (const auto& partition : application.allPartitions())
    if (partition.bounds) half = std::max(half, partition.bounds->maxX);
  bool isFirst = true;
  for (auto& transaction : application.updates()) {
    if (isFirst) sayWhatIsOwned(transaction);
    isFirst = false;
    if (transaction.tick() < until) live(transaction, own);
  }
}
