// An app's life: attached to its partition, tick by tick, until it shuts down.
// Owns the order of calls, the checks of arguments and of ownership, and what outlives a tick. The
// work on memory is the owner's. Refusals are thrown as Failure.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../owner/partition-owner.hpp"
#include "host.hpp"
#include "neighbourhood.hpp"
#include "neighbours.hpp"
#include "ownership-log.hpp"

namespace heddle {

/** What a call lends is kept here, until the next call of the same function. */
template <class Item>
using Lent = std::vector<Item>;

class Application {
 public:
  explicit Application(std::unique_ptr<Host> host);

  // The loop.
  /** Waits up to so long where there is nothing to do yet, and says whether that is so still. */
  bool willBlock(uint32_t milliseconds);
  void beginUpdate();
  void commit();
  uint64_t currentTick() const;
  uint32_t attempt() const;
  void destroy() { host_->destroyed(); }

  // What there is.
  uint32_t ingressPort(uint32_t declared);
  heddle_partition describe(uint32_t partition);
  heddle_partition assigned() { return describe(owner_.index); }
  const Lent<heddle_partition>& allPartitions();
  uint32_t domainByName(const char* name);
  uint32_t runtimeLimit(heddle_limit limit);
  heddle_metrics metrics() const;
  void resetMetrics();

  // Entities.
  heddle_entity create(uint32_t type, const float* position);
  void remove(heddle_entity& entity);
  void storePosition(heddle_entity& entity, float x, float y, float z);
  const float* lendPosition(heddle_entity& entity);
  void storeField(heddle_entity& entity, uint32_t index, uint32_t typeId, const void* data,
                  size_t bytes);
  struct LoadedField {
    uint32_t typeId;
    const uint8_t* data;
    size_t bytes;
  };
  LoadedField loadField(heddle_entity& entity, uint32_t index);
  void removeField(heddle_entity& entity, uint32_t index);
  void modifyDomain(heddle_entity& entity, uint32_t domain);
  const Lent<heddle_change>& ownershipChanges();

  // Columns.
  heddle_columns columns();
  /** Without positions, which stay as they are. */
  heddle_columns rows() const;
  heddle_tick_rows tickRows();
  void rowsOf(const double* ids, size_t count, int64_t* rows);
  heddle_entity entityAt(uint32_t row);
  void createMany(uint32_t type, uint32_t count, uint32_t* rows);
  void removeMany(const uint32_t* rows, size_t count);
  void moved(uint32_t from, uint32_t to);
  void touched(const uint32_t* rows, size_t count);
  void sweep(heddle_sweep_body body, void* context);
  heddle_field_column field(const heddle_shape& shape);
  void stored(const heddle_shape& shape, uint32_t from, uint32_t to);
  void give(const heddle_shape& shape, const uint32_t* rows, size_t count);
  void take(uint32_t index, const uint32_t* rows, size_t count);

  // Others.
  uint32_t subscribe(uint32_t domain, const heddle_box& box);
  void modifySubscription(uint32_t subscription, const heddle_box& box);
  void deleteSubscription(uint32_t subscription);
  const Lent<heddle_change>& subscriptionEvents();
  const Lent<heddle_entity>& subscribedEntities(uint32_t subscription);
  const Lent<heddle_covered>& covered(uint32_t subscription);
  heddle_field_view coveredField(uint32_t partition, const heddle_shape& shape);
  const std::vector<heddle_neighbour>& neighbours(float x, float y, float radius);
  heddle_neighbourhood takeNeighbourhood(float radius, bool withList);
  heddle_field_view neighbourhoodField(const heddle_shape& shape);
  const std::vector<uint32_t>& neighbourhoodAt(float x, float y, float radius);

  // Messages.
  uint32_t resolvePosition(uint32_t domain, float x, float y);
  uint32_t resolveAppName(uint32_t domain, const char* name);
  void send(uint32_t partition, const void* data, size_t bytes);
  const Lent<heddle_message>& receive();

  /** Of the last call that was refused. */
  std::string lastError;

 private:
  struct Found {
    PartitionMemory* memory;
    Side* side;
    uint32_t row;
  };
  void requireOpen() const;
  void requireClosed() const;
  /** Ids are below 2^53, so that the conversion of a signed number is right, which is faster. */
  bool ownsAt(uint32_t row, uint64_t id) const {
    return row < owner_.rows() && owner_.back->id[row] == double(int64_t(id)) &&
           owner_.back->state[row] != rowFree;
  }
  /** Whether an update is open, and the entity is where its handle says, and this app's. */
  bool isAtHand(const heddle_entity& entity) const {
    return isOpen_ && entity.partition == owner_.index && ownsAt(entity.row, entity.id);
  }
  int64_t findOwned(uint64_t id) const;
  std::optional<Found> findElsewhere(heddle_entity& entity);
  bool isSubscribed(const Found& found);
  /** The row of an entity of this app. Throws NotOwned or NotFound. */
  uint32_t ownedRow(heddle_entity& entity) {
    return isAtHand(entity) ? entity.row : searchOwned(entity);
  }
  /** Where an entity can be read: this app's own as it stands, others where a subscription covers
   * them. Throws NotFound. */
  Found locate(heddle_entity& entity) {
    return isAtHand(entity) ? Found{&owner_.memory, owner_.back, entity.row} : search(entity);
  }
  uint32_t searchOwned(heddle_entity& entity);
  Found search(heddle_entity& entity);
  void requireEntities(const uint32_t* rows, size_t count);
  void checkType(uint32_t type) const;
  void checkPosition(float x, float y, float z) const;
  void checkFieldIndex(uint32_t index) const;
  void checkRange(uint32_t from, uint32_t to) const;
  void checkDomain(uint32_t domain) const;
  void checkSpatial(uint32_t domain, const char* hint) const;
  Box checkedBox(const heddle_box& box) const;
  Subscription& subscriptionOf(uint32_t subscription);
  FieldView viewOf(const heddle_shape& shape);
  void checkShape(const heddle_shape& shape) const;
  void checkRadius(float radius) const;
  void gatherOthers();
  [[noreturn]] void refuseOutside(uint32_t row);
  [[noreturn]] void refuseFurtherField(uint32_t row);
  void endPhase(uint32_t meter);

  const std::unique_ptr<Host> host_;
  Fabric& fabric_;
  PartitionOwner owner_;
  OwnershipLog ownership_;
  Subscriptions subscriptions_;
  uint64_t subscriptionsVersion_ = 1;
  uint32_t nextSubscription_ = 1;
  Others others_;
  Neighbours neighbours_;
  Neighbourhood neighbourhood_;
  /** When the last picture was taken, and of which subscriptions. */
  double pictureTick_ = -1;
  uint64_t pictureVersion_ = 0;
  heddle_metrics metrics_ = {};
  bool isOpen_ = false;
  bool hasReceived_ = false;
  double phaseSinceMs_;
  /** By field index: what was declared last. */
  std::vector<std::string> declared_;

  Lent<heddle_change> ownershipLent_, eventsLent_;
  Lent<heddle_entity> entitiesLent_;
  /** By subscription. */
  std::map<uint32_t, Lent<heddle_covered>> coveredLent_;
  Lent<heddle_partition> partitionsLent_;
  std::deque<std::string> namesLent_;
  Lent<heddle_message> messagesLent_;
  Lent<uint32_t> departedRowsLent_;
  Lent<double> departedIdsLent_;
  std::vector<IncomingMessage> incoming_;
};

}  // namespace heddle
