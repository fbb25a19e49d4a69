// The fabric's files, mapped by range; claims and releases by fallocate.

#include "segments.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../failure.hpp"

namespace heddle {

/**
 * Mapped for as long as the process lives. A program may keep a column that it was lent: it reads
 * old numbers from it then, also after its application's end, and does not crash.
 */
class FileSegments::Mapped final : public Segment {
 public:
  Mapped(int descriptor, uint64_t offset) : descriptor_(descriptor), offset_(offset) {}
  bool claim(uint64_t offset, uint64_t count) override {
    while (count > 0 && fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, off_t(offset_ + offset),
                                  off_t(count)) != 0) {
      if (errno == ENOSPC || errno == ENOMEM) return false;
      if (errno != EINTR) throw systemFailure("claiming memory of the fabric");
    }
    return true;
  }
  void release(uint64_t offset, uint64_t count) override {
    const int mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
    while (count > 0 && fallocate(descriptor_, mode, off_t(offset_ + offset), off_t(count)) != 0)
      if (errno != EINTR) throw systemFailure("giving memory of the fabric back");
  }

 private:
  int descriptor_;
  uint64_t offset_;
};

FileSegments::FileSegments(std::string folder) : folder_(std::move(folder)) {}

FileSegments::~FileSegments() {
  mapped_.clear();
  for (const auto& [name, file] : files_) close(file.descriptor);
}

Segment& FileSegments::open(const std::string& name, uint64_t offset, uint64_t bytes,
                            bool writable) {
  std::unique_ptr<Mapped>& place = mapped_[{name, offset}];
  if (place && place->bytes >= bytes) return *place;
  const OpenFile& file = openFile(name, writable);
  // A page behind the end of a file can be mapped, and ends the process that touches it.
  if (file.bytes < offset + bytes)
    throw Failure(HEDDLE_NOT_CONNECTED, "the fabric's file '" + name + "' has " +
                                            std::to_string(file.bytes) + " bytes, and " +
                                            std::to_string(offset + bytes) +
                                            " are needed: somebody shortened it");
  auto mapped = std::make_unique<Mapped>(file.descriptor, offset);
  const int protection = PROT_READ | (writable ? PROT_WRITE : 0);
  void* address =
      mmap(nullptr, bytes, protection, MAP_SHARED | MAP_NORESERVE, file.descriptor, off_t(offset));
  if (address == MAP_FAILED) throw systemFailure("mapping the fabric's file '" + name + "'");
  mapped->data = static_cast<uint8_t*>(address);
  mapped->bytes = bytes;
  place = std::move(mapped);
  return *place;
}

const FileSegments::OpenFile& FileSegments::openFile(const std::string& name, bool writable) {
  const auto known = files_.find(name);
  if (known != files_.end()) return known->second;
  const std::string path = folder_ + "/" + name;
  const int flags = (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC;
  const int descriptor = ::open(path.c_str(), flags);
  if (descriptor < 0) throw systemFailure("opening the fabric's file '" + name + "'");
  struct stat stats;
  if (fstat(descriptor, &stats) != 0) {
    close(descriptor);
    throw systemFailure("looking at the fabric's file '" + name + "'");
  }
  return files_.emplace(name, OpenFile{descriptor, uint64_t(stats.st_size)}).first->second;
}

}  // namespace heddle
