// The entities that this app owns, and what they do in a tick: as in walkers.ts.
// Owns a handle for each. Never commits.
#pragma once

#include <aws/weaverruntime/Application.h>
#include <aws/weaverruntime/Entity.h>
#include <aws/weaverruntime/Subscription.h>

#include <array>
#include <map>

namespace Api = Aws::WeaverRuntime::Api;
using Aws::WeaverRuntime::ErrorCode;
using Aws::WeaverRuntime::Result;
using Aws::WeaverRuntime::Success;
using Aws::WeaverRuntime::Api::Application;
using Aws::WeaverRuntime::Api::Transaction;

constexpr Api::TypeId k_walkerTypeId{/* value */ 512};
constexpr Api::FieldIndex k_velocityFieldId{/* value */ 1};
constexpr Api::FieldIndex k_turnedFieldId{/* value */ 2};

inline Api::TypeId PositionType() {
  return Api::BuiltinTypeIdToTypeId(Aws::WeaverRuntime::Api::BuiltinTypeId::Vector3F32);
}

class Walkers {
 public:
  explicit Walkers(float half) : m_half(half) {}

  Result<void> Spawn(Transaction& transaction, const Api::BoundingBox2F32& cell, int count);
  Result<void> ProcessOwnershipChanges(Transaction& transaction);
  Result<void> Move(Transaction& transaction);
  std::size_t Count() const { return m_walkers.size(); }

 private:
  Result<void> MoveOne(Transaction& transaction, const Api::Entity& entity);

  const float m_half;
  std::map<Api::EntityId, Api::Entity> m_walkers;
};
