// Messages between cells: the receiver makes an entity of the type that one names.
// Owns no state.
#pragma once

#include <aws/weaverruntime/MessagingUtils.h>

#include "Walkers.h"

/// Sends one to the cell across the middle of the world.
Result<void> SendCourier(Transaction& transaction, const Api::BoundingBox2F32& cell);
Result<int> ReceiveCouriers(Transaction& transaction);
