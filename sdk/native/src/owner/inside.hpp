// Which of many positions are not inside of a box, and which not even inside of a larger one.
// Owns the scan; a position on an edge, or that is no number, counts as outside.
#pragma once

#include "../memory/box.hpp"
#include "../memory/lists.hpp"

namespace heddle {

/**
 * Adds the rows from `from` up to `to` whose x and y don't lie between the edges of `box` to
 * `found`, in ascending order; those whose z is no finite number, too. Of these, adds to `beyond`
 * those that don't lie between the edges of `outer` either, which is no smaller. Edges are taken as
 * 32-bit floats: one that is none is moved inwards, to the next one.
 */
void findOutside(const float* position, uint32_t from, uint32_t to, const Box& box,
                 const Box& outer, PlaceList& found, RowList& beyond);

}  // namespace heddle
