// What the fabric needs of memory: ranges of files that several processes see as one.
// Owns the interface, and the real one over files on a tmpfs; never knows what stands in them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace heddle {

class Segment {
 public:
  virtual ~Segment() = default;
  uint8_t* data = nullptr;
  uint64_t bytes = 0;
  /** Makes a range safe to write. False, and nothing changed, where the machine has no room. */
  virtual bool claim(uint64_t offset, uint64_t count) = 0;
  /** Gives whole pages back: they read as zero from then on. */
  virtual void release(uint64_t offset, uint64_t count) = 0;
};

class Segments {
 public:
  virtual ~Segments() = default;
  /** A range of a file that is there. A write into it with `writable` false is the caller's error.
   */
  virtual Segment& open(const std::string& name, uint64_t offset, uint64_t bytes,
                        bool writable) = 0;
};

/** Files in a folder. A mapping lives as long as the process; descriptors, as this object. */
class FileSegments final : public Segments {
 public:
  explicit FileSegments(std::string folder);
  ~FileSegments() override;
  Segment& open(const std::string& name, uint64_t offset, uint64_t bytes, bool writable) override;

 private:
  struct OpenFile {
    int descriptor;
    uint64_t bytes;
  };
  class Mapped;
  const OpenFile& openFile(const std::string& name, bool writable);
  std::string folder_;
  std::map<std::string, OpenFile> files_;
  std::map<std::pair<std::string, uint64_t>, std::unique_ptr<Mapped>> mapped_;
};

}  // namespace heddle
