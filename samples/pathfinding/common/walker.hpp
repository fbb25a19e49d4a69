// How a walker walks: along the shortest way to its goal, and then on to another one.
// Owns one walker's next state; never talks to Heddle. Lengths are in world units.
#pragma once
#include <cmath>
#include <cstdint>

#include "grid_map.hpp"

namespace pathfinding {

/// What a walker's data field holds; where it is, is its entity's position.
struct Walker {
  /// Index of the goal that it walks to.
  std::uint32_t goal;
  /// Goals that it has reached.
  std::uint32_t reached;
};

constexpr float SPEED = 0.12f;

struct Place {
  float x, y;
};

/// The same number for the same walker and count: a run can be repeated.
inline std::uint32_t nextGoal(std::uint64_t id, std::uint32_t reached, std::size_t goals) {
  std::uint64_t mixed = id * 0x9e3779b97f4a7c15ull + reached * 0xbf58476d1ce4e5b9ull;
  mixed ^= mixed >> 31;
  mixed *= 0x94d049bb133111ebull;
  mixed ^= mixed >> 29;
  return static_cast<std::uint32_t>(mixed % goals);
}

/// Moves a walker for one tick: to the middle of the next square on its way, at most SPEED far.
inline Place walk(const GridMap &map, std::uint64_t id, Walker &walker, Place place) {
  const int x = static_cast<int>(std::floor(place.x)), y = static_cast<int>(std::floor(place.y));
  if (map.distance(walker.goal, x, y) <= 0) {
    if (map.distance(walker.goal, x, y) == 0) ++walker.reached;
    walker.goal = nextGoal(id, walker.reached, map.goals.size());
  }
  const Square next = map.towards(walker.goal, x, y);
  const float away_x = static_cast<float>(next.x) + 0.5f - place.x;
  const float away_y = static_cast<float>(next.y) + 0.5f - place.y;
  const float distance = std::sqrt(away_x * away_x + away_y * away_y);
  if (distance <= SPEED)
    return {static_cast<float>(next.x) + 0.5f, static_cast<float>(next.y) + 0.5f};
  return {place.x + away_x / distance * SPEED, place.y + away_y / distance * SPEED};
}

}  // namespace pathfinding
