// The app's place in the simulation that started it: found through the environment.
// Owns attaching, waiting for ticks and waking the worker; never touches entities.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "../memory/fabric.hpp"
#include "../memory/segments.hpp"

namespace heddle {

class Host {
 public:
  /** From the environment of this process. Throws Failure. */
  Host();

  enum class Turn { tick, shutdown, wait };
  /** Is there a tick to compute, is it over, or is there nothing to do yet? */
  Turn poll();
  /** Sleeps until `poll` may say something else, or so long. Throws Failure where the worker is
   * gone. */
  void wait(int milliseconds);
  /** This app's part of the tick is written. */
  void committed();
  void destroyed();

  std::unique_ptr<Segments> segments;
  std::unique_ptr<Fabric> fabric;
  uint32_t partition = 0;
  uint32_t attempt = 1;
  /** Actual ports by declared port. */
  std::map<uint32_t, uint32_t> ports;

 private:
  void takePlace();
  void wakeWorker();
  std::string folder_;
  int32_t incarnation_ = 0;
};

}  // namespace heddle
