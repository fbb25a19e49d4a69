// The map of the world: squares that are free or not, goals, and the way to each goal.
// Owns the file's form and the distances; never knows a walker.
//
// A map is text: '#' is a wall, '.' is free, a capital letter is a goal. Its first line is the
// northern edge. Square (0, 0) is in the south-west; a square is one world unit wide.
#pragma once
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <queue>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pathfinding {

struct Square {
  int x, y;
};

class GridMap {
 public:
  /// Throws std::runtime_error, with the line, for what is no map.
  explicit GridMap(const std::string &file) {
    std::ifstream source(file);
    if (!source) throw std::runtime_error(file + " cannot be read");
    std::vector<std::string> lines;
    for (std::string line; std::getline(source, line);)
      if (!line.empty()) lines.push_back(line);
    if (lines.empty()) throw std::runtime_error(file + " is empty");
    width = static_cast<int>(lines[0].size());
    height = static_cast<int>(lines.size());
    for (int line = 0; line < height; ++line) {
      if (static_cast<int>(lines[line].size()) != width)
        throw std::runtime_error(file + ":" + std::to_string(line + 1) +
                                 ": all lines of a map have the same length");
      take(lines[line], height - 1 - line);
    }
    if (goals.empty()) throw std::runtime_error(file + " has no goal: a capital letter");
    for (const Square &goal : goals) distances_.push_back(distancesTo(goal));
  }

  int width = 0, height = 0;
  std::vector<Square> goals;

  bool isFree(int x, int y) const {
    return x >= 0 && y >= 0 && x < width && y < height && free_[place(x, y)];
  }

  /// Squares to walk to a goal; -1 where no way leads to it.
  int distance(std::size_t goal, int x, int y) const {
    return isFree(x, y) ? distances_[goal][place(x, y)] : -1;
  }

  /// The square to walk to next; the same one at the goal, or where no way leads to it.
  Square towards(std::size_t goal, int x, int y) const {
    Square best{x, y};
    int least = distance(goal, x, y);
    for (const Square &step : STEPS) {
      const int there = distance(goal, x + step.x, y + step.y);
      if (there >= 0 && there < least) {
        least = there;
        best = {x + step.x, y + step.y};
      }
    }
    return best;
  }

 private:
  static constexpr Square STEPS[] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};

  std::size_t place(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x);
  }

  void take(const std::string &line, int y) {
    free_.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    for (int x = 0; x < width; ++x) {
      const char mark = line[static_cast<std::size_t>(x)];
      free_[place(x, y)] = mark != '#';
      if (mark >= 'A' && mark <= 'Z') goals.push_back({x, y});
    }
  }

  /// Breadth first, from the goal.
  std::vector<int> distancesTo(const Square &goal) const {
    std::vector<int> distances(free_.size(), -1);
    std::queue<Square> next;
    distances[place(goal.x, goal.y)] = 0;
    next.push(goal);
    while (!next.empty()) {
      const Square from = next.front();
      next.pop();
      for (const Square &step : STEPS) {
        const int x = from.x + step.x, y = from.y + step.y;
        if (!isFree(x, y) || distances[place(x, y)] >= 0) continue;
        distances[place(x, y)] = distances[place(from.x, from.y)] + 1;
        next.push({x, y});
      }
    }
    return distances;
  }

  std::vector<std::uint8_t> free_;
  /// For each goal, one a square.
  std::vector<std::vector<int>> distances_;
};

}  // namespace pathfinding
