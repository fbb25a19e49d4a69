// What walkers do: loads and stores of one entity after another, as the service's guide has them.

#include "Walkers.h"

#include <cmath>
#include <cstring>

Result<void> Walkers::Spawn(Transaction& transaction, const Api::BoundingBox2F32& cell, int count) {
  for (int index = 0; index < count; index++) {
    WEAVERRUNTIME_TRY(auto entity, Api::CreateEntity(transaction, k_walkerTypeId));
    std::array<float, 3> position = {cell.min.x + float(index * 37 % 900) + 50,
                                     cell.min.y + float(index * 61 % 900) + 50, float(index)};
    std::array<float, 2> velocity = {float(index % 5) * 9 - 20, float(index % 7) * 6 - 17};
    const bool turned = false;
    WEAVERRUNTIME_TRY(Api::StoreEntityIndexKey(transaction, entity, PositionType(),
                                               reinterpret_cast<std::int8_t*>(position.data()),
                                               sizeof position));
    WEAVERRUNTIME_TRY(Api::StoreEntityField(
        transaction, entity, Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Dynamic),
        k_velocityFieldId, reinterpret_cast<std::int8_t*>(velocity.data()), sizeof velocity));
    WEAVERRUNTIME_TRY(Api::StoreEntityField(
        transaction, entity, Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Bool), k_turnedFieldId,
        reinterpret_cast<const std::int8_t*>(&turned), sizeof turned));
    m_walkers.emplace(entity.descriptor->id, entity);
  }
  return Success();
}

Result<void> Walkers::ProcessOwnershipChanges(Transaction& transaction) {
  WEAVERRUNTIME_TRY(Api::OwnershipChangeList list, Api::OwnershipChanges(transaction));
  for (const Api::OwnershipChange& event : list.changes) {
    switch (event.action) {
      case Api::ChangeListAction::None:
        break;
      case Api::ChangeListAction::Remove:
        m_walkers.erase(event.entity.descriptor->id);
        break;
      case Api::ChangeListAction::Add:
        if (event.entity.descriptor->type_id == k_walkerTypeId)
          m_walkers.emplace(event.entity.descriptor->id, event.entity);
        break;
      case Api::ChangeListAction::Update:
      case Api::ChangeListAction::Reject:
        break;
    }
  }
  return Success();
}

Result<void> Walkers::Move(Transaction& transaction) {
  for (auto& [id, entity] : m_walkers) WEAVERRUNTIME_TRY(MoveOne(transaction, entity));
  return Success();
}

Result<void> Walkers::MoveOne(Transaction& transaction, const Api::Entity& entity) {
  std::int8_t* dest = nullptr;
  std::array<float, 3> position;
  std::array<float, 2> velocity;
  WEAVERRUNTIME_TRY(Api::LoadEntityIndexKey(transaction, entity, PositionType(), &dest));
  std::memcpy(position.data(), dest, sizeof position);
  WEAVERRUNTIME_TRY(const std::size_t length,
                    Api::LoadEntityField(transaction, entity,
                                         Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Dynamic),
                                         k_velocityFieldId, &dest));
  if (length != sizeof velocity) return ErrorCode::InvalidState;
  std::memcpy(velocity.data(), dest, sizeof velocity);
  bool turns = false;
  for (int axis = 0; axis < 2; axis++) {
    if (std::abs(position[axis] + velocity[axis]) > m_half) {
      velocity[axis] = -velocity[axis];
      turns = true;
    }
    position[axis] += velocity[axis];
  }
  WEAVERRUNTIME_TRY(Api::StoreEntityIndexKey(transaction, entity, PositionType(),
                                             reinterpret_cast<std::int8_t*>(position.data()),
                                             sizeof position));
  if (!turns) return Success();
  const Api::TypeId boolType = Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Bool);
  WEAVERRUNTIME_TRY(Api::LoadEntityField(transaction, entity, boolType, k_turnedFieldId, &dest));
  const bool turned = !*reinterpret_cast<const bool*>(dest);
  WEAVERRUNTIME_TRY(Api::StoreEntityField(transaction, entity, boolType, k_turnedFieldId,
                                          reinterpret_cast<const std::int8_t*>(&turned),
                                          sizeof turned));
  return Api::StoreEntityField(
      transaction, entity, Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Dynamic),
      k_velocityFieldId, reinterpret_cast<std::int8_t*>(velocity.data()), sizeof velocity);
}
