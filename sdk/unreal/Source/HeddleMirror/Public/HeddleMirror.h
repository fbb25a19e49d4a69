// What a Heddle app sees of others, kept as a set of things somewhere else: actors, for one.
// Owns which entities are mirrored and where they were last. Knows no engine, and draws nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "heddle.h"

/** Where entities are mirrored to. The handle is for heddle_load_field and its like. */
class IHeddleMirrorTarget {
 public:
  virtual ~IHeddleMirrorTarget() = default;
  /** An entity that was not mirrored. `Position` is x, y, z in world units. */
  virtual void Added(heddle_entity& Entity, const float Position[3]) = 0;
  /** A mirrored entity whose position or fields were written. */
  virtual void Updated(heddle_entity& Entity, const float Position[3]) = 0;
  /** A mirrored entity that no subscription covers any more; it may be deleted. */
  virtual void Removed(uint64_t Id) = 0;
};

class FHeddleMirror {
 public:
  explicit FHeddleMirror(IHeddleMirrorTarget& InTarget) : Target(InTarget) {}
  FHeddleMirror(const FHeddleMirror&) = delete;
  FHeddleMirror& operator=(const FHeddleMirror&) = delete;

  /**
   * Brings the target up to date with all subscriptions of the application. Needs an open update;
   * call it once in each. An entity that one subscription loses while another gains it is neither
   * removed nor added.
   */
  heddle_error Update(heddle_application* Application) {
    const heddle_change* Changes = nullptr;
    size_t Count = 0;
    const heddle_error Error = heddle_subscription_events(Application, &Changes, &Count);
    if (Error != HEDDLE_OK) return Error;
    Written.clear();
    for (size_t Place = 0; Place < Count; Place++) Note(Changes[Place]);
    heddle_error Result = HEDDLE_OK;
    for (const uint64_t Id : Written) {
      const heddle_error Shown = Show(Application, Id);
      if (Shown != HEDDLE_OK) Result = Shown;
    }
    return Result;
  }

  /** To be called after a subscription was deleted: no events say that it lost its entities. */
  void Forget(uint32_t Subscription) {
    for (auto Next = Entities.begin(); Next != Entities.end();) {
      const auto Found = Next++;
      Uncover(Found->second, Subscription);
      if (Found->second.Covers.empty()) Hide(Found);
    }
  }

  /** Removes all from the target, as when a level ends. */
  void Clear() {
    while (!Entities.empty()) Hide(Entities.begin());
  }

  size_t Num() const { return Entities.size(); }

 private:
  struct FMirrored {
    heddle_entity Entity;
    /** Subscriptions that cover it: few. */
    std::vector<uint32_t> Covers;
    bool IsShown = false;
    bool IsWritten = false;
  };

  using FEntities = std::unordered_map<uint64_t, FMirrored>;

  void Note(const heddle_change& Change) {
    FMirrored& Mirrored = Entities[Change.entity.id];
    Mirrored.Entity = Change.entity;
    if (Change.action == HEDDLE_ADD) Mirrored.Covers.push_back(Change.subscription);
    if (Change.action == HEDDLE_REMOVE) Uncover(Mirrored, Change.subscription);
    if (Mirrored.IsWritten) return;
    Mirrored.IsWritten = true;
    Written.push_back(Change.entity.id);
  }

  heddle_error Show(heddle_application* Application, uint64_t Id) {
    const auto Found = Entities.find(Id);
    FMirrored& Mirrored = Found->second;
    Mirrored.IsWritten = false;
    if (Mirrored.Covers.empty()) {
      Hide(Found);
      return HEDDLE_OK;
    }
    float Position[3];
    const heddle_error Error = heddle_load_position(Application, &Mirrored.Entity, Position);
    if (Error != HEDDLE_OK) return Error;
    if (Mirrored.IsShown)
      Target.Updated(Mirrored.Entity, Position);
    else
      Target.Added(Mirrored.Entity, Position);
    Mirrored.IsShown = true;
    return HEDDLE_OK;
  }

  static void Uncover(FMirrored& Mirrored, uint32_t Subscription) {
    auto& Covers = Mirrored.Covers;
    Covers.erase(std::remove(Covers.begin(), Covers.end(), Subscription), Covers.end());
  }

  void Hide(FEntities::iterator Found) {
    const uint64_t Id = Found->first;
    const bool WasShown = Found->second.IsShown;
    Entities.erase(Found);
    if (WasShown) Target.Removed(Id);
  }

  IHeddleMirrorTarget& Target;
  FEntities Entities;
  /** Entities of this update's events, each once. */
  std::vector<uint64_t> Written;
};
