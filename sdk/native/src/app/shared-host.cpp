// The app's place in the simulation that started it: found through the environment.
// Owns attaching, waiting for ticks and waking the worker; never touches entities.

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iterator>

#include "../failure.hpp"
#include "../memory/json.hpp"
#include "host.hpp"

namespace heddle {

namespace {

std::string required(const char* name) {
  const char* value = std::getenv(name);
  if (!value)
    throw Failure(HEDDLE_NOT_CONNECTED,
                  std::string(name) + " is not set: start this app through a simulation");
  return value;
}

uint32_t requiredNumber(const char* name) {
  const std::string text = required(name);
  char* end = nullptr;
  const unsigned long number = std::strtoul(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || number > INT_MAX)
    throw Failure(HEDDLE_NOT_CONNECTED, std::string(name) + " is no number: '" + text + "'");
  return uint32_t(number);
}

std::string contentsOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw systemFailure("reading '" + path + "'");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/** False where another process has it. */
bool lockFile(const std::string& path) {
  // Never closed: closing any descriptor of a file drops this process's lock on it.
  const int descriptor = open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) throw systemFailure("opening '" + path + "'");
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  while (fcntl(descriptor, F_SETLK, &lock) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EACCES) throw systemFailure("locking '" + path + "'");
    close(descriptor);
    return false;
  }
  return true;
}

/** Whether another process has it. No file is locked by nobody. */
bool isLocked(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  int outcome;
  while ((outcome = fcntl(descriptor, F_GETLK, &lock)) != 0 && errno == EINTR) {
  }
  close(descriptor);
  return outcome == 0 && lock.l_type != F_UNLCK;
}

void futexWait(const int32_t* word, int32_t expected, int milliseconds) {
  const timespec time{milliseconds / 1000, milliseconds % 1000 * 1000000L};
  syscall(SYS_futex, word, FUTEX_WAIT, expected, &time, nullptr, 0);
}

void futexWakeAll(const int32_t* word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

class SharedHost final : public Host {
 public:
  /** From the environment of this process. */
  SharedHost();
  Turn poll() override;
  void wait(int milliseconds) override;
  void committed() override;
  void destroyed() override;

 private:
  void takePlace();
  void wakeWorker();
  const std::string folder_;
  const int32_t incarnation_;
};

SharedHost::SharedHost()
    : folder_(required(HEDDLE_VARIABLE_FABRIC)),
      incarnation_(int32_t(requiredNumber(HEDDLE_VARIABLE_INCARNATION))) {
  partition = requiredNumber(HEDDLE_VARIABLE_PARTITION);
  segments = std::make_unique<FileSegments>(folder_);
  const std::string world = contentsOf(folder_ + "/" HEDDLE_FILE_WORLD);
  fabric = std::make_unique<Fabric>(*segments, World(world), partition);
  const Control& control = fabric->control;
  if (!control.partitionInUse(partition) ||
      control.partitionWord(partition, HEDDLE_PARTITION_AT_INCARNATION) != incarnation_)
    throw Failure(HEDDLE_NOT_CONNECTED,
                  "this process was replaced: another one owns its partition now");
  if (const char* text = std::getenv(HEDDLE_VARIABLE_PORTS)) {
    const Json json = Json::parse(text);
    for (const auto& [declared, actual] : json.members())
      ports[uint32_t(std::strtoul(declared.c_str(), nullptr, 10))] = uint32_t(actual.number());
  }
  if (std::getenv(HEDDLE_VARIABLE_ATTEMPT)) attempt = requiredNumber(HEDDLE_VARIABLE_ATTEMPT);
  takePlace();
  wakeWorker();
}

/** Says that this process is the app's, for as long as it lives. */
void SharedHost::takePlace() {
  PartitionMemory& memory = fabric->partition(partition);
  // This process has it already where it made an application before: a lock can't tell.
  const bool isOwn = memory.appWord(HEDDLE_APP_AT_ATTACHED) == incarnation_ &&
                     memory.appWord(HEDDLE_APP_AT_PID) == getpid();
  const std::string lock = folder_ + "/" + std::to_string(partition) + "-" +
                           std::to_string(memory.epoch) + "/" HEDDLE_PARTITION_FILE_LOCK;
  if (isOwn || !lockFile(lock))
    throw Failure(HEDDLE_INVALID_STATE,
                  "a process has this app's application already: create it once");
  memory.setAppWord(HEDDLE_APP_AT_PID, getpid());
  memory.setAppWord(HEDDLE_APP_AT_ATTACHED, incarnation_);
}

Host::Turn SharedHost::poll() {
  if (fabric->isAsked(partition)) return Turn::tick;
  const Control& control = fabric->control;
  return control.shutdown() || control.partitionWord(partition, HEDDLE_PARTITION_AT_SHUTDOWN) != 0
             ? Turn::shutdown
             : Turn::wait;
}

void SharedHost::wait(int milliseconds) {
  const int32_t* word = fabric->control.releaseWord();
  const int32_t before = __atomic_load_n(word, __ATOMIC_SEQ_CST);
  if (poll() != Turn::wait) return;
  futexWait(word, before, milliseconds);
  if (milliseconds < 1000 || poll() != Turn::wait) return;
  if (!isLocked(folder_ + "/" HEDDLE_FILE_WORKER_LOCK))
    throw Failure(HEDDLE_NOT_CONNECTED, "the worker of this simulation is gone");
}

void SharedHost::committed() {
  if (fabric->commit(partition)) futexWakeAll(fabric->control.wakeWord());
}

void SharedHost::destroyed() {
  fabric->partition(partition).setAppWord(HEDDLE_APP_AT_DESTROYED, incarnation_);
  wakeWorker();
}

void SharedHost::wakeWorker() {
  fabric->control.bumpWakeWord();
  futexWakeAll(fabric->control.wakeWord());
}

}  // namespace

std::unique_ptr<Host> attachToSimulation() { return std::make_unique<SharedHost>(); }

}  // namespace heddle
