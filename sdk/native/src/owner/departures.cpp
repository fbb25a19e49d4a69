// Finds who leaves, and writes the groups.

#include "departures.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "inside.hpp"

namespace heddle {

namespace {

/** Without the upper edges, which a cell owns only where it is the last. */
bool isInCell(const Box& cell, double x, double y) {
  return x >= cell.minX && x < cell.maxX && y >= cell.minY && y < cell.maxY;
}

}  // namespace

Departures::Departures(const World& world, uint32_t partition, uint32_t domain,
                       const std::optional<Box>& cell, bool refusesOutside)
    : world_(world),
      partition_(partition),
      domain_(domain),
      cell_(cell),
      refusesOutside_(refusesOutside) {}

void Departures::begin(Side& back) {
  back_ = &back;
  outside_.clear();
  scanned_.clear();
  scannedTo_ = 0;
}

void Departures::lookAround(uint32_t from, uint32_t to, const std::optional<Box>& quiet) {
  if (!cell_) return;
  const bool inOrder = int64_t(from) == scannedTo_;
  scannedTo_ = inOrder ? int64_t(to) : -1;
  found_.clear();
  findOutside(back_->position, from, to, quiet ? *quiet : *cell_, *cell_,
              inOrder && quiet ? scanned_ : found_, outside_);
}

const PlaceList* Departures::scanned(uint32_t rows) const {
  return scannedTo_ >= int64_t(rows) ? &scanned_ : nullptr;
}

bool Departures::isOutside(uint32_t row) const {
  if (!cell_ || back_->state[row] == rowFree || back_->destination[row] != 0) return false;
  return !isInDomain(back_->position + uint64_t(row) * 3);
}

bool Departures::isInDomain(const float* at) const {
  if (!std::isfinite(at[2])) return false;
  return isInCell(*cell_, at[0], at[1]) || world_.partitionAt(domain_, at[0], at[1]) >= 0;
}

std::array<float, 3> Departures::middle() const {
  return {float((cell_->minX + cell_->maxX) / 2), float((cell_->minY + cell_->maxY) / 2), 0};
}

std::array<float, 3> Departures::inDomain(const float* at) const {
  return isInDomain(at) ? std::array<float, 3>{at[0], at[1], at[2]} : middle();
}

void Departures::write(const Suspects& suspects) {
  findCandidates(suspects);
  sortUnique(candidates_);
  leaving_.clear();
  uint32_t strays = 0;
  for (const uint32_t row : candidates_) {
    const int64_t target = targetOf(row, suspects.changed);
    if (target < 0 && refusesOutside_ && isOutside(row)) throw Outside{row};
    if (target < 0) strays = 1;
    if (target >= 0 && target != partition_) leaving_.push_back({row, uint32_t(target)});
  }
  back_->set(HEDDLE_SIDE_AT_STRAYS, strays);
  writeGroups();
}

void Departures::findCandidates(const Suspects& suspects) {
  candidates_.clear();
  const Side& back = *back_;
  const auto consider = [&](uint32_t row) {
    if (row >= suspects.rows || back.state[row] != rowHere) return;
    const float* at = back.position + uint64_t(row) * 3;
    if (back.destination[row] == 0 && (!cell_ || isInCell(*cell_, at[0], at[1]))) return;
    candidates_.push_back(row);
  };
  for (const uint32_t row : outside_) {
    if (row >= suspects.rows) continue;
    // A free row goes back into the cell: it would be found outside in every tick until it is used.
    if (back.state[row] == rowFree)
      std::memcpy(back.position + uint64_t(row) * 3, middle().data(), 12);
    else if (isOutside(row))
      throw Outside{row};
    else
      consider(row);
  }
  if (suspects.all) {
    for (uint32_t row = 0; row < suspects.rows; row++) consider(row);
    return;
  }
  for (const uint32_t row : suspects.changed) consider(row);
  for (const uint32_t row : suspects.rejected) consider(row);
}

/** The partition that should own the row's entity; -1 where none owns its position: it stays. */
int64_t Departures::targetOf(uint32_t row, RowList& changed) {
  const uint32_t wanted = back_->destination[row];
  if (wanted == 0 && !cell_) return partition_;
  const float* at = back_->position + uint64_t(row) * 3;
  const int64_t target = world_.partitionAt(wanted == 0 ? domain_ : wanted - 1, at[0], at[1]);
  if (target == int64_t(partition_) && wanted != 0) {
    back_->destination[row] = 0;
    changed.push_back(row);
  }
  return target;
}

/** Marks the rows as leaving and writes them by target. */
void Departures::writeGroups() {
  std::stable_sort(leaving_.begin(), leaving_.end(), [](const Leaving& one, const Leaving& other) {
    return one.target < other.target;
  });
  Side& side = *back_;
  uint32_t groups = 0;
  for (uint32_t place = 0; place < leaving_.size(); place++) {
    const Leaving& leaving = leaving_[place];
    if (place == 0 || leaving.target != leaving_[place - 1].target) {
      side.handoffTarget[groups] = leaving.target;
      side.handoffStart[groups] = place;
      side.handoffCount[groups] = 0;
      side.handoffGranted[groups] = 0;
      groups++;
    }
    side.handoffCount[groups - 1]++;
    side.leavingRow[place] = leaving.row;
    side.state[leaving.row] = rowLeaving;
  }
  side.set(HEDDLE_SIDE_AT_HANDOFF_GROUPS, groups);
}

}  // namespace heddle
