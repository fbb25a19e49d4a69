// Reads the description of a world, and answers whose a position is.

#include "world.hpp"

#include <cmath>

#include "../failure.hpp"
#include "json.hpp"

namespace heddle {

namespace {

/** The edges of `count` equal pieces, rounded to 32 bits, the type of positions. */
std::vector<float> edgesBetween(double min, double max, uint32_t count) {
  std::vector<float> edges(count + 1);
  for (uint32_t index = 0; index < count; index++)
    edges[index] = float(min + ((max - min) * index) / count);
  edges[count] = float(max);
  return edges;
}

/** Corrects a guess, which rounding may put one piece off. */
uint32_t settle(const std::vector<float>& edges, double guess, double value) {
  const uint32_t last = uint32_t(edges.size()) - 2;
  uint32_t piece = guess < last ? uint32_t(guess) : last;
  while (piece > 0 && value < edges[piece]) piece--;
  while (piece < last && value >= edges[piece + 1]) piece++;
  return piece;
}

struct Pieces {
  uint32_t first, end;
};

Pieces piecesTouching(const std::vector<float>& edges, double min, double max) {
  const uint32_t count = uint32_t(edges.size()) - 1;
  uint32_t first = 0;
  while (first < count && !(edges[first + 1] >= min)) first++;
  uint32_t end = first;
  while (end < count && edges[end] <= max) end++;
  return {first, end};
}

}  // namespace

Grid::Grid(const Box& bounds, uint32_t columns, uint32_t rows)
    : columns(columns),
      rows(rows),
      xEdges_(edgesBetween(bounds.minX, bounds.maxX, columns)),
      yEdges_(edgesBetween(bounds.minY, bounds.maxY, rows)),
      columnsPerUnit_(columns / (double(xEdges_.back()) - xEdges_.front())),
      rowsPerUnit_(rows / (double(yEdges_.back()) - yEdges_.front())) {}

int64_t Grid::cellOf(double x, double y) const {
  const double minX = xEdges_.front(), minY = yEdges_.front();
  if (!holds(x, y)) return -1;
  const uint32_t column = settle(xEdges_, std::floor((x - minX) * columnsPerUnit_), x);
  const uint32_t row = settle(yEdges_, std::floor((y - minY) * rowsPerUnit_), y);
  return int64_t(row) * columns + column;
}

std::vector<uint32_t> Grid::cellsTouching(const Box& box) const {
  const Pieces across = piecesTouching(xEdges_, box.minX, box.maxX);
  const Pieces down = piecesTouching(yEdges_, box.minY, box.maxY);
  std::vector<uint32_t> cells;
  for (uint32_t row = down.first; row < down.end; row++)
    for (uint32_t column = across.first; column < across.end; column++)
      cells.push_back(row * columns + column);
  return cells;
}

Box Grid::boundsOf(uint32_t cell) const {
  require(cell < columns * rows, "a cell that the grid does not have");
  const uint32_t column = cell % columns, row = cell / columns;
  return {xEdges_[column], yEdges_[row], xEdges_[column + 1], yEdges_[row + 1]};
}

World::World(const std::string& text) {
  const Json json = Json::parse(text);
  for (const Json& entry : json["domains"].items()) {
    Domain domain;
    domain.name = entry["name"].text();
    domain.lifecycle = entry["lifecycle"].text();
    const Json& area = entry["area"];
    if (area.exists()) {
      const Json& bounds = area["bounds"];
      const Box box{bounds["minX"].number(), bounds["minY"].number(), bounds["maxX"].number(),
                    bounds["maxY"].number()};
      domain.grid.emplace(box, uint32_t(area["columns"].number()), uint32_t(area["rows"].number()));
      domain.firstPartition = uint32_t(area["firstPartition"].number());
    }
    domains.push_back(std::move(domain));
  }
  const Json& transfers = json["transfersPerTick"];
  if (transfers.exists()) transfersPerTick = transfers.number();
}

int64_t World::partitionAt(uint32_t domain, double x, double y) const {
  if (domain >= domains.size() || !domains[domain].grid) return -1;
  const int64_t cell = domains[domain].grid->cellOf(x, y);
  return cell < 0 ? -1 : domains[domain].firstPartition + cell;
}

int64_t World::domainIndex(const std::string& name) const {
  for (size_t index = 0; index < domains.size(); index++)
    if (domains[index].name == name) return int64_t(index);
  return -1;
}

}  // namespace heddle
