// Calls for one entity, and columns of this app's own.

#include <algorithm>
#include <cmath>

#include "../failure.hpp"
#include "application.hpp"

namespace heddle {

namespace {

/** Type ids below this are built in. */
constexpr uint32_t firstTypeId = 512;
/** About as many positions as the processor's nearest memory holds. */
constexpr uint32_t sweepRows = 1024;

std::string placeText(float x, float y) {
  char text[64];
  std::snprintf(text, sizeof text, "(%.9g, %.9g)", double(x), double(y));
  return text;
}

void checkType(uint32_t type) {
  if (type < firstTypeId)
    throw Failure(
        HEDDLE_INVALID_ARGUMENT,
        "a type id is a whole number from 512 to 4294967295, not " + std::to_string(type));
}

std::string named(const heddle_entity& entity) { return "entity " + std::to_string(entity.id); }

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

void Application::loadPosition(heddle_entity& entity, float* position) {
  const Found found = locate(entity);
  const float* from = found.side == owner_.back ? owner_.position() : found.side->position;
  std::copy_n(from + uint64_t(found.row) * 3, 3, position);
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

// --- columns

heddle_columns Application::columns() {
  requireOpen();
  Side& back = *owner_.back;
  return {owner_.rows(), owner_.population(), back.id, back.type, back.state, owner_.position()};
}

heddle_entity Application::entityAt(uint32_t row) {
  requireOpen();
  if (row >= owner_.rows() || owner_.back->state[row] == rowFree)
    throw Failure(HEDDLE_NOT_FOUND, "row " + std::to_string(row) + " holds no entity of this app");
  return {uint64_t(owner_.back->id[row]), owner_.back->type[row], owner_.index, row};
}

void Application::createMany(uint32_t type, uint32_t count, uint32_t* rows) {
  requireOpen();
  checkType(type);
  const uint64_t population = owner_.population() + uint64_t(count);
  const uint32_t limit = owner_.memory.sizes.entityLimit;
  if (population > limit)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "the partition holds " +
                                                std::to_string(owner_.population()) +
                                                " entities and takes no " + std::to_string(count) +
                                                " more (limit " + std::to_string(limit) + ")");
  if (!owner_.memory.ensureRows(std::max(owner_.rows(), uint32_t(population))))
    throw Failure(HEDDLE_CAPACITY_EXCEEDED,
                  "no room for " + std::to_string(count) + " entities: " + owner_.memory.refusal());
  for (uint32_t made = 0; made < count; made++) rows[made] = create(type, nullptr).row;
}

void Application::moved(uint32_t from, uint32_t to) {
  checkRange(from, to);
  owner_.moved(from, to);
}

void Application::touched(uint32_t row) {
  entityAt(row);
  if (owner_.isOutside(row)) refuseOutside(row);
  owner_.touch(row);
}

void Application::sweep(heddle_sweep_body body, void* context) {
  requireOpen();
  const uint32_t rows = owner_.rows();
  float* positions = owner_.back->position;
  for (uint32_t from = 0; from < rows; from += sweepRows) {
    const uint32_t to = std::min(rows, from + sweepRows);
    owner_.beginPiece(from, to);
    body(context, positions, from, to);
    owner_.endPiece(from, to);
  }
  owner_.endSweep();
}

heddle_field_column Application::field(const heddle_shape& shape) {
  const FieldView view = viewOf(shape);
  return {view.data, view.stride, view.length};
}

void Application::stored(const heddle_shape& shape, uint32_t from, uint32_t to) {
  checkRange(from, to);
  viewOf(shape);
  const int64_t full = owner_.storedField(shape.index, shape.type_id, shape.bytes, from, to);
  if (full >= 0)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED,
                  "an entity has at most " + std::to_string(owner_.memory.sizes.fieldsPerEntity) +
                      " fields; row " + std::to_string(full) + " has them");
  metrics_.store_field += to - from;
}

FieldView Application::viewOf(const heddle_shape& shape) {
  requireOpen();
  checkFieldIndex(shape.index);
  const uint32_t align = shape.align_bytes;
  if (align == 0 || (align & (align - 1)) != 0 || align > 64)
    throw Failure(HEDDLE_INVALID_ARGUMENT,
                  "a row is aligned to a power of 2 up to 64, not to " + std::to_string(align));
  const uint32_t most = owner_.memory.sizes.fieldBytesMax;
  if (shape.bytes > most)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "a field holds " + std::to_string(most) +
                                                " bytes, not " + std::to_string(shape.bytes));
  const FieldView view = owner_.shapedField(shape.index, shape.bytes, align);
  if (!view)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "no room for the field: " + owner_.memory.refusal());
  if (shape.declaration) {
    const std::string text =
        "{\"typeId\":" + std::to_string(shape.type_id) + ",\"shape\":" + shape.declaration + "}";
    if (declared_[shape.index] != text) owner_.memory.declareShape(shape.index, text);
    declared_[shape.index] = text;
  }
  return view;
}

// --- where entities are

bool Application::ownsAt(uint32_t row, uint64_t id) const {
  return row < owner_.rows() && owner_.back->id[row] == double(id) &&
         owner_.back->state[row] != rowFree;
}

/** The row of an entity that this app owns as it stands; -1 where it owns none of that id. */
int64_t Application::findOwned(uint64_t id) const {
  for (uint32_t row = 0; row < owner_.rows(); row++)
    if (ownsAt(row, id)) return row;
  return -1;
}

/**
 * An entity that is not this app's, as of the committed tick; there, one that left this app with it
 * is still to be seen in the app's own partition. The handle then says where it is.
 */
std::optional<Application::Found> Application::findElsewhere(heddle_entity& entity) {
  const double committed = owner_.tick - 1;
  const auto at = [&](uint32_t partition, uint32_t row) -> std::optional<Found> {
    if (!fabric_.control.partitionInUse(partition)) return {};
    PartitionMemory& memory = fabric_.partition(partition);
    Side& side = memory.side(committed);
    if (row >= side.rows() || side.id[row] != double(entity.id)) return {};
    const uint8_t state = side.state[row];
    if (state == rowLeaving || (state == rowHere && partition != owner_.index))
      return Found{&memory, &side, row};
    return {};
  };
  if (auto expected = at(entity.partition, entity.row)) return expected;
  std::optional<Found> found;
  fabric_.eachPartition([&](uint32_t partition) {
    if (found) return;
    const Side& side = fabric_.partition(partition).side(committed);
    const uint32_t rows = side.rows();
    for (uint32_t row = 0; row < rows && !found; row++)
      if (side.id[row] == double(entity.id)) found = at(partition, row);
  });
  if (found) {
    entity.partition = found->memory->index;
    entity.row = found->row;
  }
  return found;
}

/** Whether a subscription of this app covers the place of an entity that was found elsewhere. */
bool Application::isSubscribed(const Found& found) {
  const uint32_t domain =
      uint32_t(fabric_.control.partitionWord(found.memory->index, HEDDLE_PARTITION_AT_DOMAIN));
  const float* at = found.side->position + uint64_t(found.row) * 3;
  for (const auto& [id, subscription] : subscriptions_)
    if (subscription.domain == domain && contains(subscription.box(), at[0], at[1])) return true;
  return false;
}

uint32_t Application::ownedRow(heddle_entity& entity) {
  requireOpen();
  if (entity.partition == owner_.index && ownsAt(entity.row, entity.id)) return entity.row;
  const int64_t row = findOwned(entity.id);
  if (row >= 0) {
    entity.partition = owner_.index;
    entity.row = uint32_t(row);
    return entity.row;
  }
  if (findElsewhere(entity))
    throw Failure(HEDDLE_NOT_OWNED, named(entity) + " belongs to another app");
  throw Failure(HEDDLE_NOT_FOUND, "there is no " + named(entity));
}

/** Where an entity can be read: this app's own as it stands, others where a subscription covers
 * them. */
Application::Found Application::locate(heddle_entity& entity) {
  requireOpen();
  if (entity.partition == owner_.index && ownsAt(entity.row, entity.id))
    return {&owner_.memory, owner_.back, entity.row};
  std::optional<Found> elsewhere;
  if (entity.partition != owner_.index) elsewhere = findElsewhere(entity);
  // One that is leaving there may have come here: then it is this app's own already.
  if (elsewhere && elsewhere->side->state[elsewhere->row] == rowHere && isSubscribed(*elsewhere))
    return *elsewhere;
  const int64_t row = findOwned(entity.id);
  if (row >= 0) {
    entity.partition = owner_.index;
    entity.row = uint32_t(row);
    return {&owner_.memory, owner_.back, entity.row};
  }
  if (!elsewhere) elsewhere = findElsewhere(entity);
  if (elsewhere && isSubscribed(*elsewhere)) return *elsewhere;
  throw Failure(HEDDLE_NOT_FOUND, named(entity) + " is neither owned nor in a subscribed area");
}

// --- checks

void Application::checkPosition(float x, float y, float z) const {
  if (!std::isfinite(x) || !std::isfinite(y) || !std::isfinite(z))
    throw Failure(HEDDLE_INVALID_ARGUMENT, "a position is three finite numbers");
  const World& world = fabric_.world;
  const bool isOfDomain = world.domains[owner_.domain].grid.has_value();
  if (isOfDomain ? world.partitionAt(owner_.domain, x, y) >= 0 : world.holds(x, y)) return;
  throw Failure(HEDDLE_INVALID_ARGUMENT,
                "the position " + placeText(x, y) + " is outside " +
                    (isOfDomain ? "the bounds of the world of this app's domain"
                                : "the bounds of every spatial domain"));
}

void Application::checkFieldIndex(uint32_t index) const {
  if (index < 1 || index > HEDDLE_FIELD_INDEX_MAX)
    throw Failure(HEDDLE_INVALID_ARGUMENT,
                  "a field index is a whole number from 1 to 63, not " + std::to_string(index));
}

void Application::checkRange(uint32_t from, uint32_t to) const {
  requireOpen();
  if (from > to || to > owner_.rows())
    throw Failure(HEDDLE_INVALID_ARGUMENT, "rows " + std::to_string(from) + " to " +
                                               std::to_string(to) + " are not among the " +
                                               std::to_string(owner_.rows()) + " rows");
}

void Application::refuseOutside(uint32_t row) {
  const float* at = owner_.position() + uint64_t(row) * 3;
  throw Failure(HEDDLE_INVALID_ARGUMENT,
                "entity " + std::to_string(uint64_t(owner_.back->id[row])) + " (row " +
                    std::to_string(row) + ") was moved to " + placeText(at[0], at[1]) +
                    ", outside the bounds of the world of this app's domain: move it back");
}

}  // namespace heddle
