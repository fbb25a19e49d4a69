// Calls for one entity. Whose it is and where, is found in whereabouts.cpp.

#include <algorithm>
#include <cmath>

#include "../failure.hpp"
#include "application.hpp"
#include "texts.hpp"

namespace heddle {

namespace {
/** Type ids below this are built in. */
constexpr uint32_t firstTypeId = 512;
}  // namespace

heddle_entity Application::create(uint32_t type, const float* position) {
  requireOpen();
  checkType(type);
  float at[3] = {0, 0, 0};
  if (position) {
    checkPosition(position[0], position[1], position[2]);
    std::copy_n(position, 3, at);
  } else if (const auto& cell = owner_.cell()) {
    at[0] = float(cell->minX / 2 + cell->maxX / 2);
    at[1] = float(cell->minY / 2 + cell->maxY / 2);
  }
  const int64_t row = owner_.create(type);
  if (row < 0) {
    const uint32_t limit = owner_.memory.sizes.entityLimit;
    const std::string why =
        owner_.population() < limit ? owner_.memory.refusal() : "limit " + std::to_string(limit);
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "the partition holds " +
                                                std::to_string(owner_.population()) +
                                                " entities and takes no more (" + why + ")");
  }
  owner_.setPosition(uint32_t(row), at[0], at[1], at[2]);
  metrics_.created_entity++;
  return entityAt(uint32_t(row));
}

void Application::remove(heddle_entity& entity) {
  owner_.remove(ownedRow(entity));
  metrics_.deleted_entity++;
}

void Application::storePosition(heddle_entity& entity, float x, float y, float z) {
  const uint32_t row = ownedRow(entity);
  checkPosition(x, y, z);
  owner_.setPosition(row, x, y, z);
}

const float* Application::lendPosition(heddle_entity& entity) {
  const Found found = locate(entity);
  const float* from = found.side == owner_.back ? owner_.position() : found.side->position;
  return from + uint64_t(found.row) * 3;
}

void Application::storeField(heddle_entity& entity, uint32_t index, uint32_t typeId,
                             const void* data, size_t bytes) {
  const uint32_t row = ownedRow(entity);
  checkFieldIndex(index);
  if (!data && bytes > 0) throw Failure(HEDDLE_INVALID_ARGUMENT, "the data of a field is null");
  const Sizes& sizes = owner_.memory.sizes;
  if (bytes > sizes.fieldBytesMax)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "a field holds " + std::to_string(sizes.fieldBytesMax) +
                                                " bytes, not " + std::to_string(bytes));
  if (!owner_.storeField(row, index, typeId, static_cast<const uint8_t*>(data), uint32_t(bytes)))
    throw Failure(
        HEDDLE_CAPACITY_EXCEEDED,
        owner_.mayHaveField(row, index)
            ? "no room for the field: " + owner_.memory.refusal()
            : "an entity has at most " + std::to_string(sizes.fieldsPerEntity) + " fields");
  metrics_.store_field++;
}

Application::LoadedField Application::loadField(heddle_entity& entity, uint32_t index) {
  requireOpen();
  checkFieldIndex(index);
  const Found found = locate(entity);
  const FieldView view =
      found.side == owner_.back
          ? owner_.field(index)
          : found.memory->field(uint32_t(found.side - found.memory->sides.data()), index);
  const int32_t length = view ? view.length[found.row] : 0;
  if (length <= 0)
    throw Failure(HEDDLE_NOT_FOUND, named(entity) + " has no field " + std::to_string(index));
  metrics_.load_field++;
  // No value is longer than its row, whatever another app wrote.
  return {view.typeId[found.row], view.of(found.row),
          std::min(size_t(length - 1), size_t(view.stride))};
}

void Application::removeField(heddle_entity& entity, uint32_t index) {
  const uint32_t row = ownedRow(entity);
  checkFieldIndex(index);
  if (!owner_.removeField(row, index))
    throw Failure(HEDDLE_NOT_FOUND, named(entity) + " has no field " + std::to_string(index));
}

void Application::modifyDomain(heddle_entity& entity, uint32_t domain) {
  const uint32_t row = ownedRow(entity);
  checkSpatial(domain, "entities are handed to spatial domains");
  const float* at = owner_.position() + uint64_t(row) * 3;
  if (fabric_.world.partitionAt(domain, at[0], at[1]) < 0)
    throw Failure(HEDDLE_INVALID_ARGUMENT, "no partition of domain '" +
                                               fabric_.world.domains[domain].name +
                                               "' holds the position " + placeText(at[0], at[1]));
  owner_.setDestination(row, domain);
}

const Lent<heddle_change>& Application::ownershipChanges() {
  requireOpen();
  return ownershipLent_ = ownership_.take(owner_);
}

// --- checks

void Application::checkType(uint32_t type) const {
  if (type < firstTypeId)
    throw Failure(
        HEDDLE_INVALID_ARGUMENT,
        "a type id is a whole number from 512 to 4294967295, not " + std::to_string(type));
}

void Application::checkPosition(float x, float y, float z) const {
  if (!std::isfinite(x) || !std::isfinite(y) || !std::isfinite(z))
    throw Failure(HEDDLE_INVALID_ARGUMENT, "a position is three finite numbers");
  const World& world = fabric_.world;
  const std::optional<Grid>& grid = world.domains[owner_.domain].grid;
  if (grid ? grid->holds(x, y) : world.holds(x, y)) return;
  throw Failure(HEDDLE_INVALID_ARGUMENT,
                "the position " + placeText(x, y) + " is outside " +
                    (grid ? "the bounds of the world of this app's domain"
                          : "the bounds of every spatial domain"));
}

void Application::checkFieldIndex(uint32_t index) const {
  if (index < 1 || index > HEDDLE_FIELD_INDEX_MAX)
    throw Failure(HEDDLE_INVALID_ARGUMENT,
                  "a field index is a whole number from 1 to 63, not " + std::to_string(index));
}

}  // namespace heddle
