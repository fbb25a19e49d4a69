// What all calls of the C ABI share: exceptions become codes, and nothing is thrown further.
// Owns the text of the last refusal; never decides what is refused.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "../failure.hpp"
#include "application.hpp"
#include "heddle.h"

struct heddle_application {
  explicit heddle_application(std::unique_ptr<heddle::Host> host) : application(std::move(host)) {}
  heddle::Application application;
};

namespace heddle {

/** Of this thread's last refused call, of whatever application. */
extern thread_local std::string lastRefusal;

/** A fault of the runtime itself: what it would commit is not to be trusted. */
[[noreturn]] void die(const char* what);

template <class Work>
heddle_error caught(Work work) {
  try {
    work();
    return HEDDLE_OK;
  } catch (const Failure& failure) {
    lastRefusal = std::string(heddle_error_name(failure.code)) + ": " + failure.what();
    return failure.code;
  } catch (const std::bad_alloc&) {
    lastRefusal = "CapacityExceeded: this process has no memory left";
    return HEDDLE_CAPACITY_EXCEEDED;
  } catch (const std::exception& fault) {
    die(fault.what());
  }
}

template <class Work>
heddle_error call(heddle_application* handle, Work work) {
  const heddle_error error = caught([&] {
    if (!handle) throw Failure(HEDDLE_INVALID_ARGUMENT, "the application is null");
    work(handle->application);
  });
  if (error != HEDDLE_OK && handle) handle->application.lastError = lastRefusal;
  return error;
}

/** Refuses a place for an answer, or an argument, that is null. */
inline void need(const void* pointer, const char* name) {
  if (!pointer) throw Failure(HEDDLE_INVALID_ARGUMENT, std::string(name) + " is null");
}

/** The same for a list, which may be null where it is empty. */
inline void needList(const void* pointer, size_t count, const char* name) {
  if (count > 0) need(pointer, name);
}

/** Lends a list. */
template <class Item, class List>
void lend(const List& list, const Item** items, size_t* count) {
  need(items, "the place for the list");
  need(count, "count");
  *items = list.data();
  *count = list.size();
}

}  // namespace heddle
