// What happened to the ownership of entities since an app last asked.
// Owns the list, and keeps it short. An app that never asks pays next to nothing: once the list
// would be long it is dropped, and what the first question is to answer follows from what the app
// owns then.
#pragma once

#include <vector>

#include "../owner/partition-owner.hpp"
#include "heddle.h"

namespace heddle {

class OwnershipLog {
 public:
  /** Notes what the begin of a tick brought. */
  void add(PartitionOwner& owner);
  /** What happened since the last call, oldest first. */
  std::vector<heddle_change> take(PartitionOwner& owner);

 private:
  void drop(const PartitionOwner& owner);
  void addUnknown(PartitionOwner& owner);
  void shorten(const PartitionOwner& owner);
  void keep(std::vector<heddle_change> kept);
  void push(heddle_action action, const PartitionOwner& owner, uint32_t row);

  std::vector<heddle_change> changes_;
  bool wasAsked_ = false;
  /** Nobody has asked yet: there is nothing in the list but of entities that the app has made. */
  bool isDropped_ = false;
  size_t shortenAt_ = 4096;
};

}  // namespace heddle
