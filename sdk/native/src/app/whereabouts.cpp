// Where an entity is that a handle names: at hand, in another row, or with another app.

#include "../failure.hpp"
#include "application.hpp"
#include "texts.hpp"

namespace heddle {

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

uint32_t Application::searchOwned(heddle_entity& entity) {
  requireOpen();
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

Application::Found Application::search(heddle_entity& entity) {
  requireOpen();
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

}  // namespace heddle
