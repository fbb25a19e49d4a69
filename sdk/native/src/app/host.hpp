// What an application needs of whoever runs the clock: a worker over shared memory, or a standalone
// world in this process.
// Owns the interface, and the memory; never touches entities.
#pragma once

#include <map>
#include <memory>

#include "../memory/fabric.hpp"
#include "../memory/segments.hpp"
#include "heddle.h"

namespace heddle {

class Host {
 public:
  virtual ~Host() = default;
  enum class Turn { tick, shutdown, wait };
  /** Is there a tick to compute, is it over, or is there nothing to do yet? */
  virtual Turn poll() = 0;
  /**
   * Sleeps until `poll` may say something else, or so long. Throws Failure where nobody runs the
   * clock any more.
   */
  virtual void wait(int milliseconds) = 0;
  /** This app's part of the tick is written. */
  virtual void committed() = 0;
  virtual void destroyed() = 0;

  std::unique_ptr<Segments> segments;
  std::unique_ptr<Fabric> fabric;
  uint32_t partition = 0;
  uint32_t attempt = 1;
  /** Actual ports by declared port. */
  std::map<uint32_t, uint32_t> ports;
};

/** The app's place in the simulation that started this process. Throws Failure. */
std::unique_ptr<Host> attachToSimulation();

/** A world of one partition, and its clock. Throws Failure. */
std::unique_ptr<Host> makeStandaloneWorld(const heddle_standalone_config& config);

}  // namespace heddle
