// What each call of the service's face returns, and the macros around it.
// Owns Result, ErrorCode, Success and the text of the last error. Never throws: a program may be
// compiled with -fno-exceptions.
#ifndef AWS_WEAVERRUNTIME_RESULT_H
#define AWS_WEAVERRUNTIME_RESULT_H

#if __cplusplus < 201703L
#error "Heddle's C++ SDK needs C++17 or later: compile with -std=c++17"
#endif

#include <heddle.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

/// Stands before a declaration that other libraries may call.
#define AWS_WEAVERRUNTIME_API __attribute__((visibility("default")))

namespace Aws {
namespace WeaverRuntime {

/// Why a call was refused. A refused call has changed nothing.
enum class ErrorCode : std::uint32_t {
  /// The simulation, or this app, shuts down: destroy the application and exit.
  ShuttingDown = HEDDLE_SHUTTING_DOWN,
  /// The call can never succeed.
  InvalidArgument = HEDDLE_INVALID_ARGUMENT,
  /// A limit is reached, or the machine has no room. The call may succeed later.
  CapacityExceeded = HEDDLE_CAPACITY_EXCEEDED,
  /// The entity belongs to another app.
  NotOwned = HEDDLE_NOT_OWNED,
  /// The entity, field, subscription or app does not exist, or is not visible from here.
  NotFound = HEDDLE_NOT_FOUND,
  /// A call out of order: no update is open, or one already is.
  InvalidState = HEDDLE_INVALID_STATE,
  /// No Heddle worker started this process, or the worker is gone.
  NotConnected = HEDDLE_NOT_CONNECTED
};

/// Writes the name of the code: `NotOwned`.
inline std::ostream& operator<<(std::ostream& out, ErrorCode code) {
  return out << heddle_error_name(static_cast<heddle_error>(code));
}

namespace Detail {

/// The text of this thread's last error.
inline std::string& LastError() noexcept {
  static thread_local std::string text;
  return text;
}

}  // namespace Detail

/// The error of a result without its type: converts to any Result, so that a function can pass on
/// the error of another one.
class Failure {
 public:
  explicit constexpr Failure(ErrorCode error) noexcept : error_(error) {}
  constexpr ErrorCode error() const noexcept { return error_; }

 private:
  ErrorCode error_;
};

/// What `Success()` returns: converts to a Result that holds the value, if there is one.
template <class T>
struct SuccessOf {
  T value;
};
template <>
struct SuccessOf<void> {};

/// The result of a function that has nothing to give: `return Success();`
constexpr SuccessOf<void> Success() noexcept { return {}; }
/// The result of a function that gives a value: `return Success(value);`
template <class T>
constexpr SuccessOf<std::decay_t<T>> Success(T&& value) {
  return {std::forward<T>(value)};
}

namespace Detail {

/// What results of all types have: an error, or none.
class ResultState {
 public:
  constexpr explicit operator bool() const noexcept { return has_value(); }
  constexpr bool has_value() const noexcept { return error_ == None; }
  constexpr bool has_error() const noexcept { return !has_value(); }
  constexpr bool has_failure() const noexcept { return !has_value(); }

  /// The error; not to be asked for where there is none.
  constexpr ErrorCode assume_error() const noexcept { return error_; }
  /// The error. Where there is none, the process ends.
  ErrorCode error() const noexcept {
    if (has_value()) Die("error() of a result that has none");
    return error_;
  }
  /// The error alone, to be returned from a function of another result type.
  Failure as_failure() const noexcept { return Failure(error()); }

 protected:
  static constexpr ErrorCode None = ErrorCode{};
  constexpr ResultState() noexcept : error_(None) {}
  constexpr explicit ResultState(ErrorCode error) noexcept : error_(error) {}

  void RequireValue() const noexcept {
    if (has_value()) return;
    std::cerr << error_ << " (" << LastError() << "): ";
    Die("value() of a result that is an error");
  }
  [[noreturn]] static void Die(const char* what) noexcept {
    std::cerr << what << std::endl;
    std::abort();
  }

 private:
  ErrorCode error_;
};

}  // namespace Detail

/// A value, or an error code. Converts from either.
template <class T>
class Result : public Detail::ResultState {
 public:
  using value_type = T;
  using error_type = ErrorCode;

  Result(ErrorCode error) noexcept : ResultState(error) {}
  Result(const Failure& failure) noexcept : ResultState(failure.error()) {}
  template <class From, class = std::enable_if_t<std::is_convertible_v<From&&, T>>>
  Result(From&& value) : value_(std::forward<From>(value)) {}
  template <class From>
  Result(SuccessOf<From> success) : value_(std::move(success.value)) {}

  /// The value; not to be asked for where there is none.
  T& assume_value() & noexcept { return *value_; }
  const T& assume_value() const& noexcept { return *value_; }
  T&& assume_value() && noexcept { return std::move(*value_); }

  /// The value. Where there is none, the process says why and ends.
  T& value() & noexcept { return RequireValue(), assume_value(); }
  const T& value() const& noexcept { return RequireValue(), assume_value(); }
  T&& value() && noexcept { return RequireValue(), std::move(*value_); }

 private:
  std::optional<T> value_;
};

/// Success, or an error code.
template <>
class Result<void> : public Detail::ResultState {
 public:
  using value_type = void;
  using error_type = ErrorCode;

  constexpr Result(SuccessOf<void>) noexcept {}
  constexpr Result(ErrorCode error) noexcept : ResultState(error) {}
  constexpr Result(const Failure& failure) noexcept : ResultState(failure.error()) {}

  constexpr void assume_value() const noexcept {}
  void value() const noexcept { RequireValue(); }
};

namespace Api {

/// Why this thread's last refused call was refused, as `InvalidArgument: …`; empty where none
/// was. Good until the thread's next refused call.
inline const char* LastErrorMessage() noexcept { return Detail::LastError().c_str(); }

using WeaverRuntime::ErrorCode;
using WeaverRuntime::Result;
using WeaverRuntime::Success;

}  // namespace Api

namespace Detail {

/// The value of a result; where it is an error, says so and ends the process.
template <class AnyResult>
auto Expect(AnyResult&& result, const char* expression, const char* file, int line) noexcept ->
    typename std::decay_t<AnyResult>::value_type {
  if (result.has_failure()) {
    std::cerr << file << ':' << line << ": " << expression << " failed: " << result.assume_error()
              << " (" << LastError() << ')' << std::endl;
    std::abort();
  }
  return std::forward<AnyResult>(result).assume_value();
}

}  // namespace Detail
}  // namespace WeaverRuntime

using WeaverRuntime::Success;

}  // namespace Aws

/// Returns from the function with the error of `expression`, if it is one.
/// `WEAVERRUNTIME_TRY(expression)` drops the value. `WEAVERRUNTIME_TRY(target, expression)` keeps
/// it: `target` is a declaration (`auto tick`), or a variable that exists.
#define WEAVERRUNTIME_TRY(...)                                                                 \
  WEAVERRUNTIME_DETAIL_PICK(__VA_ARGS__, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, \
                            KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, DROP, )                        \
  (__VA_ARGS__)

/// The value of `expression`; where it is an error, the process prints it and aborts.
#define WEAVERRUNTIME_EXPECT(...) \
  ::Aws::WeaverRuntime::Detail::Expect((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

/// The error code of a result that is known to be an error.
#define WEAVERRUNTIME_EXPECT_ERROR(...) ((__VA_ARGS__).assume_error())

#define WEAVERRUNTIME_DETAIL_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, \
                                  a15, a16, form, ...)                                         \
  WEAVERRUNTIME_DETAIL_TRY_##form
#define WEAVERRUNTIME_DETAIL_TRY_DROP(expression)                                   \
  do {                                                                              \
    auto&& weaverRuntimeResult = (expression);                                      \
    if (weaverRuntimeResult.has_failure()) return weaverRuntimeResult.as_failure(); \
  } while (false)
// A statement expression, so that the macro is one statement and declares nothing but its target.
#define WEAVERRUNTIME_DETAIL_TRY_KEEP(target, ...)                                   \
  target = __extension__({                                                           \
    auto&& weaverRuntimeResult = (__VA_ARGS__);                                      \
    if (weaverRuntimeResult.has_failure()) return weaverRuntimeResult.as_failure();  \
    std::forward<decltype(weaverRuntimeResult)>(weaverRuntimeResult).assume_value(); \
  })

#endif
