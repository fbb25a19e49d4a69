// Which entities of a partition lie in a box, as it was committed: by its index where that serves,
// else by looking at every row. Owns the choice of the way; changes nothing.
#pragma once

#include "../memory/fabric.hpp"
#include "../memory/lists.hpp"

namespace heddle {

/** Adds the entities in the box to `found`, in no particular order; leaving ones included. */
void findInBox(Fabric& fabric, PartitionMemory& memory, double tick, const Box& box,
               PlaceList& found);

}  // namespace heddle
