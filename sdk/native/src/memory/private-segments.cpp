// Maps memory that belongs to no file.

#include "private-segments.hpp"

#include <sys/mman.h>

#include "../failure.hpp"

namespace heddle {

class PrivateSegments::Mapped final : public Segment {
 public:
  explicit Mapped(uint64_t size) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (address == MAP_FAILED)
      throw Failure(HEDDLE_CAPACITY_EXCEEDED, "this process has no room for " +
                                                  std::to_string(size) +
                                                  " bytes of a standalone world");
    data = static_cast<uint8_t*>(address);
    bytes = size;
  }
  ~Mapped() override { munmap(data, bytes); }
  bool claim(uint64_t, uint64_t) override { return true; }
  void release(uint64_t offset, uint64_t count) override {
    if (count > 0) madvise(data + offset, count, MADV_DONTNEED);
  }
};

PrivateSegments::PrivateSegments() = default;
PrivateSegments::~PrivateSegments() = default;

Segment& PrivateSegments::open(const std::string& name, uint64_t offset, uint64_t bytes, bool) {
  std::unique_ptr<Mapped>& place = mapped_[{name, offset}];
  if (!place) place = std::make_unique<Mapped>(bytes);
  require(place->bytes >= bytes, "a private segment that is opened at its full length first");
  return *place;
}

}  // namespace heddle
