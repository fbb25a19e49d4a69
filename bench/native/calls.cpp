// An app that loads and stores position and field of each of its entities in every tick, with a
// call for each, as bench/apps/calls.ts: `calls <entities>`. Keeps its handles.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <heddle/heddle.hpp>
#include <vector>

namespace {

constexpr float LIMIT = 900;
using Data = std::array<std::uint8_t, 12>;
const heddle::Field<Data> field(1, 600);

}  // namespace

int main(int argc, char **argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 10'000;
  std::vector<heddle::Entity> entities;
  heddle::Application application = heddle::createApplication();
  for (heddle::Transaction &transaction : application.updates()) {
    if (transaction.tick() == 1) {
      for (int made = 0; made < count; ++made) {
        const auto x = static_cast<float>(made % static_cast<int>(LIMIT));
        entities.push_back(transaction.createEntity(512, {x, 0, 0}));
        transaction.storeEntityField(entities.back(), field, Data{});
      }
    }
    for (const heddle::Entity &entity : entities) {
      heddle::Position position = transaction.loadEntityIndexKey(entity);
      position.x = position.x < LIMIT ? position.x + 0.5f : -LIMIT;
      transaction.storeEntityIndexKey(entity, position);
      Data data = transaction.loadEntityField(entity, field);
      ++data[0];
      transaction.storeEntityField(entity, field, data);
    }
  }
  return 0;
}
