// What an app hears of other partitions' entities: a box on a domain, compared with what was seen
// at the last look. Owns what was seen; the events of many ticks come as one. Never covers the
// app's own entities: those are ownership changes.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "../memory/fabric.hpp"
#include "../memory/lists.hpp"

namespace heddle {

/** An entity of another partition, as seen last: its row there is good until the next commit. */
struct SeenEntity {
  double id;
  uint32_t type, partition, row;
};

enum class EventKind { added, updated, removed };

struct SubscriptionEvent {
  EventKind kind;
  SeenEntity entity;
};

/** What a subscription covers of one partition; leaving ones included, in no particular order. */
struct CoveredRows {
  PartitionMemory* memory;
  PlaceList places;
};

class Subscription {
 public:
  Subscription(Fabric& fabric, uint32_t owner, uint32_t domain, const Box& box);

  const uint32_t domain;
  const Box& box() const { return box_; }
  void moveTo(const Box& box);

  /** The entities of others that the box covers at the committed `tick`, by partition. */
  const std::vector<CoveredRows>& covered(double tick);
  /**
   * What changed since the last look, up to the committed `tick`: removals first, then the rest by
   * partition and row.
   */
  std::vector<SubscriptionEvent> look(double tick);
  /** The entities inside at the last look, in the order in which they were first seen. */
  std::vector<SeenEntity> seen() const;

 private:
  struct Seen {
    SeenEntity entity;
    uint64_t order;
    double lookedAt;
  };
  std::vector<uint32_t> partitionsToRead(double tick);
  bool mayRead(uint32_t partition) const;

  Fabric& fabric_;
  const uint32_t owner_;
  Box box_;
  std::unordered_map<double, Seen> seen_;
  uint64_t nextOrder_ = 0;
  double lookedAt_ = -1;
  double coveredAt_ = -1;
  std::vector<CoveredRows> covered_;
  /** Of the domain, the cells that the box touches. */
  std::vector<uint32_t> cells_;
};

}  // namespace heddle
