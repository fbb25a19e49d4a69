// What both apps do with the SDK in the same way: the types of walkers, and how one is read.
// Owns no state.
#pragma once
#include <aws/weaverruntime/WeaverRuntime.h>

#include <array>
#include <cstring>
#include <iostream>

#include "walker.hpp"

namespace pathfinding {

namespace Api = Aws::WeaverRuntime::Api;
using Aws::WeaverRuntime::ErrorCode;
using Aws::WeaverRuntime::Result;
using Aws::WeaverRuntime::Success;

constexpr Api::TypeId WALKER = {512};
constexpr Api::FieldIndex WALKER_FIELD = {1};
constexpr Api::TypeId POSITION_TYPE =
    Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Vector3F32);
constexpr Api::TypeId FIELD_TYPE = Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Dynamic);

/// Reads where an entity is, and the walker in its data field.
inline Result<Walker> loadWalker(Api::Transaction &txn, const Api::Entity &entity, Place &place) {
  std::int8_t *bytes = nullptr;
  WEAVERRUNTIME_TRY(Api::LoadEntityIndexKey(txn, entity, POSITION_TYPE, &bytes));
  std::memcpy(&place, bytes, sizeof place);
  WEAVERRUNTIME_TRY(Api::LoadEntityField(txn, entity, FIELD_TYPE, WALKER_FIELD, &bytes));
  Walker walker;
  std::memcpy(&walker, bytes, sizeof walker);
  return walker;
}

/// Writes both into an entity of this app.
inline Result<void> storeWalker(Api::Transaction &txn, const Api::Entity &entity, Place place,
                                Walker walker) {
  std::array<float, 3> position{place.x, place.y, 0};
  WEAVERRUNTIME_TRY(Api::StoreEntityIndexKey(txn, entity, POSITION_TYPE,
                                             reinterpret_cast<std::int8_t *>(position.data()),
                                             sizeof position));
  return Api::StoreEntityField(txn, entity, FIELD_TYPE, WALKER_FIELD,
                               reinterpret_cast<std::int8_t *>(&walker), sizeof walker);
}

/// Runs `update(txn)` in each tick until the simulation shuts down. Returns the exit code.
template <class Update>
int runTicks(Update &&update) {
  Result<Api::Application> created = Api::CreateApplication();
  if (!created) {
    std::cerr << Api::LastErrorMessage() << std::endl;
    return 1;
  }
  Api::Application app = std::move(created).assume_value();
  const auto tick = [&]() -> Result<void> {
    WEAVERRUNTIME_TRY(Api::Transaction txn, Api::BeginUpdate(app));
    WEAVERRUNTIME_TRY(update(txn));
    return Api::Commit(std::move(txn));
  };
  Result<void> done = Success();
  while (done) done = tick();
  if (done.assume_error() != ErrorCode::ShuttingDown) {
    std::cerr << Api::LastErrorMessage() << std::endl;
    return 1;
  }
  return Api::DestroyApplication(std::move(app)) ? 0 : 1;
}

}  // namespace pathfinding
