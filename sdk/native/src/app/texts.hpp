// Words of refusals that several calls share. Owns the wording; decides nothing.
#pragma once

#include <cstdio>
#include <string>

#include "heddle.h"

namespace heddle {

inline std::string placeText(float x, float y) {
  char text[64];
  std::snprintf(text, sizeof text, "(%.9g, %.9g)", double(x), double(y));
  return text;
}

inline std::string named(const heddle_entity& entity) {
  return "entity " + std::to_string(entity.id);
}

}  // namespace heddle
