// Entities of the service's face: their handles, positions and data fields.
// Owns the handle; what is behind it belongs to the fabric.
#ifndef AWS_WEAVERRUNTIME_ENTITY_H
#define AWS_WEAVERRUNTIME_ENTITY_H

#include <cstring>

#include "Application.h"

namespace Aws {
namespace WeaverRuntime {
namespace Api {

/// What an entity is, as long as it exists.
struct EntityDescriptor {
  EntityId id;
  TypeId type_id;
};

/// A handle on an entity: a value, to be copied and kept as long as you like.
/// `entity.descriptor->id` is the entity's id. Handles are equal where their ids are.
class Entity {
 public:
  /// Points to the descriptor inside the handle.
  class DescriptorPointer {
   public:
    const EntityDescriptor* operator->() const noexcept { return &descriptor_; }
    const EntityDescriptor& operator*() const noexcept { return descriptor_; }
    /// Good as long as the handle.
    operator const EntityDescriptor*() const noexcept { return &descriptor_; }

   private:
    friend class Entity;
    EntityDescriptor descriptor_{};
  };

  DescriptorPointer descriptor;

  /// No entity: calls answer NotFound.
  Entity() noexcept = default;
  /// @internal
  explicit Entity(const heddle_entity& native) noexcept
      : partition_(native.partition), row_(native.row) {
    descriptor.descriptor_ = {native.id, {native.type}};
  }

  /// @internal Where it was seen last. Calls bring it up to date.
  class Native {
   public:
    explicit Native(const Entity& entity) noexcept
        : entity_(entity),
          native_{entity.descriptor->id, entity.descriptor->type_id.value, entity.partition_,
                  entity.row_} {}
    ~Native() {
      entity_.partition_ = native_.partition;
      entity_.row_ = native_.row;
    }
    Native(const Native&) = delete;
    Native& operator=(const Native&) = delete;
    operator heddle_entity*() noexcept { return &native_; }

   private:
    const Entity& entity_;
    heddle_entity native_;
  };

  friend bool operator==(const Entity& one, const Entity& other) noexcept {
    return one.descriptor->id == other.descriptor->id;
  }
  friend bool operator!=(const Entity& one, const Entity& other) noexcept {
    return !(one == other);
  }
  friend std::ostream& operator<<(std::ostream& out, const Entity& entity) {
    return out << "Entity { id: " << entity.descriptor->id << " }";
  }

 private:
  mutable std::uint32_t partition_ = 0;
  mutable std::uint32_t row_ = 0;
};

/// Makes an entity of this app in the middle of its cell, or at 0, 0, 0 where it has none.
/// InvalidArgument for a type below 512, CapacityExceeded.
AWS_WEAVERRUNTIME_API inline Result<Entity> CreateEntity(Transaction& txn, TypeId typeId) noexcept {
  heddle_entity made;
  const heddle_error error = heddle_create_entity(txn.Native(), typeId.value, nullptr, &made);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return Entity(made);
}

/// Removes an entity: here at once, for others in the next tick. NotOwned, NotFound.
AWS_WEAVERRUNTIME_API inline Result<void> DeleteEntity(Transaction& txn,
                                                       const Entity& entity) noexcept {
  const heddle_error error = heddle_delete_entity(txn.Native(), Entity::Native(entity));
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return Success();
}

/// Hands an entity to a spatial domain: from the next tick on, the app whose cell holds its
/// position owns it. InvalidArgument for a domain that has no area or does not hold the position,
/// NotOwned, NotFound.
AWS_WEAVERRUNTIME_API inline Result<void> ModifyEntityDomain(Transaction& txn, const Entity& entity,
                                                             DomainId domainId) noexcept {
  const heddle_error error =
      heddle_modify_entity_domain(txn.Native(), Entity::Native(entity), domainId.value);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return Success();
}

// --- the index key: the position

}  // namespace Api

namespace Detail {

inline bool IsIndexKeyType(Api::TypeId type) noexcept {
  return type == Api::BuiltinTypeIdToTypeId(Api::BuiltinTypeId::Vector3F32);
}
inline Failure FailIndexKeyType(Api::TypeId type) {
  return Fail(ErrorCode::InvalidArgument,
              "the index key is of type Vector3F32 (1), not " + std::to_string(type.value));
}
inline Failure FailNull(const char* what) {
  return Fail(ErrorCode::InvalidArgument, std::string(what) + " is null");
}

}  // namespace Detail

namespace Api {

/// Moves an entity. `src` points to three floats: x, y, z in world units. One that leaves this
/// app's cell is transferred after the commit. InvalidArgument outside of the world, NotOwned,
/// NotFound.
AWS_WEAVERRUNTIME_API inline Result<void> StoreEntityIndexKey(Transaction& txn,
                                                              const Entity& entity,
                                                              TypeId keyTypeId,
                                                              const std::int8_t* src,
                                                              std::size_t length) noexcept {
  float position[3];
  if (!src) return Detail::FailNull("src");
  if (!Detail::IsIndexKeyType(keyTypeId)) return Detail::FailIndexKeyType(keyTypeId);
  if (length != sizeof position)
    return Detail::Fail(ErrorCode::InvalidArgument,
                        "the index key has 12 bytes (three floats), not " + std::to_string(length));
  std::memcpy(position, src, sizeof position);
  const heddle_error error = heddle_store_position(txn.Native(), Entity::Native(entity),
                                                   position[0], position[1], position[2]);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return Success();
}

/// Points `*dest` to the three floats of an entity's position, and gives their 12 bytes. `*dest`
/// points into the fabric: never write to it, and never use it after the commit. It shows what this
/// app stores there meanwhile. The entity is this app's own, or in a subscription's box. NotFound.
AWS_WEAVERRUNTIME_API inline Result<std::size_t> LoadEntityIndexKey(Transaction& txn,
                                                                    const Entity& entity,
                                                                    TypeId keyTypeId,
                                                                    std::int8_t** dest) noexcept {
  if (!dest) return Detail::FailNull("dest");
  if (!Detail::IsIndexKeyType(keyTypeId)) return Detail::FailIndexKeyType(keyTypeId);
  const float* position = nullptr;
  const heddle_error error = heddle_lend_position(txn.Native(), Entity::Native(entity), &position);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  *dest = reinterpret_cast<std::int8_t*>(const_cast<float*>(position));
  return sizeof(float) * 3;
}

// --- data fields

/// Writes a data field. InvalidArgument for an index that is not 1 to 63, CapacityExceeded for more
/// bytes than a field holds or where there is no room, NotOwned, NotFound.
AWS_WEAVERRUNTIME_API inline Result<void> StoreEntityField(Transaction& txn, const Entity& entity,
                                                           TypeId keyTypeId, FieldIndex index,
                                                           const std::int8_t* src,
                                                           std::size_t length) noexcept {
  const heddle_error error = heddle_store_field(txn.Native(), Entity::Native(entity), index.value,
                                                keyTypeId.value, src, length);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  return Success();
}

/// Points `*dest` to the data of a field, and gives its length in bytes. `*dest` points into the
/// fabric: never write to it, never use it after the commit, and load it again after a store to the
/// field of any entity. The entity is this app's own, or in a subscription's box. InvalidArgument
/// where the field was stored with another type than `keyTypeId` (Dynamic suits all), NotFound
/// where the entity has no such field or cannot be read.
AWS_WEAVERRUNTIME_API inline Result<std::size_t> LoadEntityField(Transaction& txn,
                                                                 const Entity& entity,
                                                                 TypeId keyTypeId, FieldIndex index,
                                                                 std::int8_t** dest) noexcept {
  if (!dest) return Detail::FailNull("dest");
  std::uint32_t type = 0;
  const void* data = nullptr;
  std::size_t bytes = 0;
  const heddle_error error =
      heddle_load_field(txn.Native(), Entity::Native(entity), index.value, &type, &data, &bytes);
  if (error != HEDDLE_OK) return Detail::Fail(error, txn);
  if (type != keyTypeId.value && keyTypeId != BuiltinTypeIdToTypeId(BuiltinTypeId::Dynamic))
    return Detail::Fail(ErrorCode::InvalidArgument,
                        "field " + std::to_string(index.value) + " was stored with type " +
                            std::to_string(type) + ", not " + std::to_string(keyTypeId.value));
  *dest = const_cast<std::int8_t*>(static_cast<const std::int8_t*>(data));
  return bytes;
}

}  // namespace Api
}  // namespace WeaverRuntime
}  // namespace Aws

namespace std {

template <>
struct hash<Aws::WeaverRuntime::Api::Entity> {
  size_t operator()(const Aws::WeaverRuntime::Api::Entity& entity) const noexcept {
    return hash<Aws::WeaverRuntime::Api::EntityId>()(entity.descriptor->id);
  }
};

}  // namespace std

#endif
