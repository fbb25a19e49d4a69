// Tests of the map and of a walker, without Heddle: exits with 1 at the first that fails.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "../common/walker.hpp"

using namespace pathfinding;

namespace {

void hold(bool condition, const char *what) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::exit(1);
}

std::string refusal(const std::string &text) {
  const std::string file = "refused.txt";
  std::ofstream(file) << text;
  try {
    GridMap map(file);
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "";
}

}  // namespace

int main(int argc, char **argv) {
  hold(argc == 2, "the map is the argument");
  const GridMap map(argv[1]);
  hold(map.goals.size() >= 4, "the map has goals");
  for (std::size_t goal = 0; goal < map.goals.size(); ++goal)
    for (int y = 0; y < map.height; ++y)
      for (int x = 0; x < map.width; ++x) {
        if (!map.isFree(x, y)) continue;
        const int distance = map.distance(goal, x, y);
        hold(distance >= 0, "a way leads from every free square to every goal");
        const Square next = map.towards(goal, x, y);
        hold(distance == 0 || map.distance(goal, next.x, next.y) == distance - 1,
             "each step comes nearer by one square");
      }

  for (std::uint64_t id = 1; id <= 50; ++id) {
    Walker walker{nextGoal(id, 0, map.goals.size()), 0};
    const Square &start = map.goals[id % map.goals.size()];
    Place place{static_cast<float>(start.x) + 0.5f, static_cast<float>(start.y) + 0.5f};
    for (int tick = 0; tick < 5000; ++tick) {
      const Place before = place;
      place = walk(map, id, walker, place);
      hold(map.isFree(static_cast<int>(place.x), static_cast<int>(place.y)),
           "a walker is never in a wall");
      hold(std::hypot(place.x - before.x, place.y - before.y) <= SPEED * 1.001f,
           "a walker is never faster than it may be");
    }
    hold(walker.reached > 5, "a walker reaches goals");
  }

  hold(refusal("") == "refused.txt is empty", "an empty map is refused");
  hold(refusal("##\n#\n").find("refused.txt:2") == 0, "a ragged map is refused with its line");
  hold(refusal("#.\n").find("has no goal") != std::string::npos, "a map without goals is refused");
  std::remove("refused.txt");
  return 0;
}
