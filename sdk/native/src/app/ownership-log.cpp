// Notes, tells and shortens.

#include "ownership-log.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace heddle {

namespace {
/** Beyond so many changes a list is made shorter. */
constexpr size_t longList = 4096;
}  // namespace

void OwnershipLog::add(PartitionOwner& owner) {
  if (changes_.size() >= shortenAt_) {
    if (wasAsked_)
      shorten(owner);
    else
      drop(owner);
  }
  const bool all = !isDropped_;
  const OwnershipOfTick& ownership = owner.ownership;
  for (const Removed& removed : ownership.removed)
    if (all || owner.hasMade(removed.id))
      changes_.push_back(
          {HEDDLE_REMOVE, 0, {uint64_t(removed.id), removed.type, owner.index, removed.row}});
  if (all)
    for (const uint32_t row : ownership.rejected) push(HEDDLE_REJECT, owner, row);
  for (const uint32_t row : ownership.added)
    if (all || owner.hasMade(owner.back->id[row])) push(HEDDLE_ADD, owner, row);
}

std::vector<heddle_change> OwnershipLog::take(PartitionOwner& owner) {
  if (isDropped_) addUnknown(owner);
  wasAsked_ = true;
  isDropped_ = false;
  shortenAt_ = longList;
  return std::exchange(changes_, {});
}

void OwnershipLog::push(heddle_action action, const PartitionOwner& owner, uint32_t row) {
  changes_.push_back(
      {action, 0, {uint64_t(owner.back->id[row]), owner.back->type[row], owner.index, row}});
}

/** Keeps only who was made by the app and belongs to others now. */
void OwnershipLog::drop(const PartitionOwner& owner) {
  std::unordered_map<uint64_t, size_t> lastOf;
  std::vector<uint64_t> order;
  for (size_t place = 0; place < changes_.size(); place++) {
    const heddle_change& change = changes_[place];
    if (change.action == HEDDLE_REJECT || !owner.hasMade(double(change.entity.id))) continue;
    if (lastOf.insert_or_assign(change.entity.id, place).second) order.push_back(change.entity.id);
  }
  std::vector<heddle_change> kept;
  for (const uint64_t id : order)
    if (changes_[lastOf[id]].action == HEDDLE_REMOVE) kept.push_back(changes_[lastOf[id]]);
  keep(std::move(kept));
  isDropped_ = true;
}

/** What the app can't know: all that is owned but was not made by it, and what others own now. */
void OwnershipLog::addUnknown(PartitionOwner& owner) {
  drop(owner);
  for (uint32_t row = 0; row < owner.rows(); row++)
    if (owner.back->state[row] != rowFree && !owner.hasMade(owner.back->id[row]))
      push(HEDDLE_ADD, owner, row);
  for (const uint32_t row : owner.ownership.rejected) push(HEDDLE_REJECT, owner, row);
}

/** Keeps, of an entity's changes, what they come to, and its last Reject. */
void OwnershipLog::shorten(const PartitionOwner& owner) {
  struct Entry {
    size_t first, last;
    size_t reject;
  };
  constexpr size_t none = SIZE_MAX;
  std::unordered_set<uint64_t> owned;
  for (uint32_t row = 0; row < owner.rows(); row++)
    if (owner.back->state[row] != rowFree) owned.insert(uint64_t(owner.back->id[row]));
  std::unordered_map<uint64_t, Entry> entries;
  std::vector<uint64_t> order;
  for (size_t place = 0; place < changes_.size(); place++) {
    const bool isReject = changes_[place].action == HEDDLE_REJECT;
    const uint64_t id = changes_[place].entity.id;
    const auto [found, isNew] =
        entries.try_emplace(id, Entry{place, place, isReject ? place : none});
    Entry& entry = found->second;
    if (isNew)
      order.push_back(id);
    else if (isReject)
      entry.reject = place;
    else if (changes_[entry.first].action == HEDDLE_REJECT)
      entry.first = entry.last = place;
    else
      entry.last = place;
  }
  std::vector<heddle_change> kept;
  for (const uint64_t id : order) {
    const Entry& entry = entries[id];
    const heddle_action first = changes_[entry.first].action, last = changes_[entry.last].action;
    if (first == HEDDLE_ADD && last == HEDDLE_REMOVE) continue;
    if (last != HEDDLE_REMOVE && owned.count(id) == 0) continue;
    if (last != HEDDLE_REJECT) kept.push_back(changes_[entry.last]);
    if (entry.reject != none && last != HEDDLE_REMOVE) kept.push_back(changes_[entry.reject]);
  }
  keep(std::move(kept));
}

void OwnershipLog::keep(std::vector<heddle_change> kept) {
  changes_ = std::move(kept);
  shortenAt_ = std::max(longList, changes_.size() * 2);
}

}  // namespace heddle
