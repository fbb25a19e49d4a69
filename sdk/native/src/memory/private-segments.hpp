// Segments of this process alone, for standalone worlds.
// Owns plain memory, which the kernel provides where it is first written; never leaves the process.
#pragma once

#include "segments.hpp"

namespace heddle {

class PrivateSegments final : public Segments {
 public:
  PrivateSegments();
  ~PrivateSegments() override;
  /** Asked again from the same offset on, it is the same memory: no longer than the first time. */
  Segment& open(const std::string& name, uint64_t offset, uint64_t bytes, bool writable) override;

 private:
  class Mapped;
  std::map<std::pair<std::string, uint64_t>, std::unique_ptr<Mapped>> mapped_;
};

}  // namespace heddle
