// All of Heddle's own face of the C++ SDK in one header: `#include <heddle/heddle.hpp>`.
//
//   auto application = heddle::createApplication();
//   for (auto& transaction : application.updates()) {
//     ... read and write ...
//   }
//
// Errors: a call that is refused throws heddle::Error, and has changed nothing.
// Lifetimes: columns, lists and data are lent without a copy. They are good until the commit;
// lists, until the next call of the same function; columns and data of own fields, until the app
// creates entities or stores longer data.
// Units: positions and boxes are in world units, sizes in bytes. Ticks count from 1.
// Threads: an application is used by one thread at a time.
#ifndef HEDDLE_HEDDLE_HPP
#define HEDDLE_HEDDLE_HPP

#if __cplusplus < 201703L
#error "Heddle's C++ SDK needs C++17 or later: compile with -std=c++17"
#endif

#include "application.hpp"
#include "error.hpp"
#include "field.hpp"
#include "model.hpp"
#include "others.hpp"
#include "owned.hpp"
#include "span.hpp"
#include "transaction.hpp"

#endif
