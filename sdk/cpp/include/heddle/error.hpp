// What calls throw where they are refused, with the code that says why.
// Never for a fault of libheddle itself: that ends the process.
#ifndef HEDDLE_ERROR_HPP
#define HEDDLE_ERROR_HPP

#include <heddle.h>

#include <stdexcept>
#include <string>

namespace heddle {

enum class ErrorCode {
  /// The simulation, or this app, shuts down: destroy the application and exit.
  ShuttingDown = HEDDLE_SHUTTING_DOWN,
  /// The call can never succeed.
  InvalidArgument = HEDDLE_INVALID_ARGUMENT,
  /// A limit is reached, or the machine has no room; the message says which. The call may succeed
  /// later.
  CapacityExceeded = HEDDLE_CAPACITY_EXCEEDED,
  /// The entity belongs to another app.
  NotOwned = HEDDLE_NOT_OWNED,
  /// The entity, field, subscription, app or port does not exist, or is not visible from here.
  NotFound = HEDDLE_NOT_FOUND,
  /// A call out of order: no update is open, or one already is.
  InvalidState = HEDDLE_INVALID_STATE,
  /// No Heddle worker started this process, or the worker is gone.
  NotConnected = HEDDLE_NOT_CONNECTED
};

/// A call was refused, and has changed nothing. `what()` is as `NotFound: there is no entity 7`.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

namespace detail {

[[noreturn]] inline void refuse(ErrorCode code, const std::string& why) {
  throw Error(code, std::string(heddle_error_name(heddle_error(code))) + ": " + why);
}

/// Throws the error of a call of libheddle, if it is one.
inline void check(heddle_error error, const heddle_application* application) {
  if (error == HEDDLE_OK) return;
  throw Error(ErrorCode(error), heddle_last_error_message(application));
}

}  // namespace detail
}  // namespace heddle

#endif
