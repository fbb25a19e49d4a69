// The values that calls of the service's face take and give: numbers with a name, enumerations,
// shapes in the plane. Owns their comparisons, hashes and texts. Calls nothing.
#ifndef AWS_WEAVERRUNTIME_TYPES_H
#define AWS_WEAVERRUNTIME_TYPES_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "Result.h"

/// Three floats, as C has them.
struct weaver_vec3_f32_t {
  float x, y, z;
};

namespace Aws {
namespace WeaverRuntime {
namespace Detail {

/// What numbers with a name of their own are.
namespace Kinds {

struct TypeId {
  using Integer = std::uint32_t;
  static constexpr Integer Initial = 0;
  static constexpr const char* Name = "TypeId";
};
struct FieldIndex {
  using Integer = std::uint32_t;
  static constexpr Integer Initial = 0;
  static constexpr const char* Name = "FieldIndex";
};
struct DomainId {
  using Integer = std::uint32_t;
  /// No domain has it: a DomainId that was never assigned is refused.
  static constexpr Integer Initial = UINT32_MAX;
  static constexpr const char* Name = "DomainId";
};
struct PartitionId {
  using Integer = std::uint32_t;
  static constexpr Integer Initial = UINT32_MAX;
  static constexpr const char* Name = "PartitionId";
};
struct SubscriptionHandle {
  using Integer = std::uint32_t;
  static constexpr Integer Initial = 0;
  static constexpr const char* Name = "SubscriptionHandle";
};
struct Tick {
  using Integer = std::uint64_t;
  static constexpr Integer Initial = 0;
  static constexpr const char* Name = "Tick";
};
struct Limit {
  using Integer = std::uint32_t;
  static constexpr Integer Initial = 0;
  static constexpr const char* Name = "Limit";
};

}  // namespace Kinds

}  // namespace Detail

namespace Api {

/// Unique in the simulation, for ever.
using EntityId = std::uint64_t;

/// A number with a name of its own, so that one is not taken for another. `{ 512 }` makes one.
/// Comparable, hashable, and written as `TypeId { value: 512 }`.
template <class Kind>
struct Number {
  typename Kind::Integer value = Kind::Initial;

  friend constexpr bool operator==(Number one, Number other) { return one.value == other.value; }
  friend constexpr bool operator!=(Number one, Number other) { return one.value != other.value; }
  friend constexpr bool operator<(Number one, Number other) { return one.value < other.value; }
  friend std::ostream& operator<<(std::ostream& out, Number number) {
    return out << Kind::Name << " { value: " << number.value << " }";
  }
};

/// A kind of entity, from 512 on, or of the data of a field. 0 to 511 are built in.
using TypeId = Number<Detail::Kinds::TypeId>;
/// The place of a data field, from 1 to 63. 0 is the index key's.
using FieldIndex = Number<Detail::Kinds::FieldIndex>;
/// A domain; a default one is none, and is refused.
using DomainId = Number<Detail::Kinds::DomainId>;
/// What one app owns.
using PartitionId = Number<Detail::Kinds::PartitionId>;
/// A box that this app is subscribed to.
using SubscriptionHandle = Number<Detail::Kinds::SubscriptionHandle>;
/// Ticks count from 1.
using Tick = Number<Detail::Kinds::Tick>;
/// A number of entities.
using Limit = Number<Detail::Kinds::Limit>;

/// Types of data that the SDK itself knows.
enum class BuiltinTypeId : std::uint32_t {
  /// Three floats: the type of the index key.
  Vector3F32 = 1,
  /// Bytes of any length.
  Dynamic = 2,
  Bool = 3
};

constexpr TypeId BuiltinTypeIdToTypeId(BuiltinTypeId id) noexcept {
  return {static_cast<std::uint32_t>(id)};
}
/// A type id is one already.
constexpr TypeId BuiltinTypeIdToTypeId(TypeId id) noexcept { return id; }

/// World units.
struct Vector2F32 {
  float x, y;
};
struct Vector2F64 {
  double x, y;
};

/// World units. Edges are inside.
struct BoundingBox2F32 {
  Vector2F32 min, max;
};
struct BoundingBox2F64 {
  Vector2F64 min, max;
};

enum class DomainType { Spatial, Service, Custom };

/// What happened to an entity.
enum class ChangeListAction {
  None,
  /// Ownership: another app owns it now. Subscription: it left the box, or was deleted.
  Remove,
  /// Ownership: this app owns it from now on. Subscription: it is in the box, newly.
  Add,
  /// Subscription: it is in the box, and was written.
  Update,
  /// Ownership: its transfer found no room. This app still owns it, and the transfer is tried
  /// again.
  Reject
};

constexpr bool operator==(Vector2F32 a, Vector2F32 b) { return a.x == b.x && a.y == b.y; }
constexpr bool operator!=(Vector2F32 a, Vector2F32 b) { return !(a == b); }
constexpr bool operator==(Vector2F64 a, Vector2F64 b) { return a.x == b.x && a.y == b.y; }
constexpr bool operator!=(Vector2F64 a, Vector2F64 b) { return !(a == b); }
constexpr bool operator==(const BoundingBox2F32& a, const BoundingBox2F32& b) {
  return a.min == b.min && a.max == b.max;
}
constexpr bool operator!=(const BoundingBox2F32& a, const BoundingBox2F32& b) { return !(a == b); }
constexpr bool operator==(const BoundingBox2F64& a, const BoundingBox2F64& b) {
  return a.min == b.min && a.max == b.max;
}
constexpr bool operator!=(const BoundingBox2F64& a, const BoundingBox2F64& b) { return !(a == b); }

inline std::ostream& operator<<(std::ostream& out, Vector2F32 vector) {
  return out << "Vector2F32 { x: " << vector.x << ", y: " << vector.y << " }";
}
inline std::ostream& operator<<(std::ostream& out, Vector2F64 vector) {
  return out << "Vector2F64 { x: " << vector.x << ", y: " << vector.y << " }";
}
inline std::ostream& operator<<(std::ostream& out, const BoundingBox2F32& box) {
  return out << "BoundingBox2F32 { min: " << box.min << ", max: " << box.max << " }";
}
inline std::ostream& operator<<(std::ostream& out, const BoundingBox2F64& box) {
  return out << "BoundingBox2F64 { min: " << box.min << ", max: " << box.max << " }";
}
inline std::ostream& operator<<(std::ostream& out, DomainType type) {
  constexpr const char* names[] = {"Spatial", "Service", "Custom"};
  return out << names[static_cast<int>(type)];
}
inline std::ostream& operator<<(std::ostream& out, ChangeListAction action) {
  constexpr const char* names[] = {"None", "Remove", "Add", "Update", "Reject"};
  return out << names[static_cast<int>(action)];
}

/// What an app owns: a cell of a grid, or a partition without an area.
struct Partition {
  PartitionId id;
  DomainId domain_id;
  DomainType domain_type;
  std::string domain_name;
  std::string app_name;
  /// Whether it has bounds: partitions of spatial domains do.
  bool has_bounds;
  /// World units; zeros where it has none.
  BoundingBox2F32 bounds;
};
struct PartitionSet {
  std::vector<Partition> partitions;
};

}  // namespace Api
}  // namespace WeaverRuntime
}  // namespace Aws

namespace std {

template <class Kind>
struct hash<Aws::WeaverRuntime::Api::Number<Kind>> {
  size_t operator()(Aws::WeaverRuntime::Api::Number<Kind> number) const noexcept {
    return hash<typename Kind::Integer>()(number.value);
  }
};

}  // namespace std

#endif
