// What the runtime throws inside where a call is refused or fails; the C ABI turns it into a code.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "heddle.h"

namespace heddle {

class Failure : public std::runtime_error {
 public:
  Failure(heddle_error code, const std::string& message)
      : std::runtime_error(message), code(code) {}
  const heddle_error code;
};

inline Failure systemFailure(const std::string& doing) {
  return Failure(HEDDLE_NOT_CONNECTED, doing + " failed: " + std::strerror(errno));
}

/** For what can't be, be the caller as he may: a fault of the runtime itself, or scribbled memory.
 */
inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace heddle
