// Messages to other apps, and whom they can go to.

#include "../failure.hpp"
#include "application.hpp"
#include "texts.hpp"

namespace heddle {

uint32_t Application::resolvePosition(uint32_t domain, float x, float y) {
  checkSpatial(domain, "its apps are found by name, with heddle_resolve_app_name");
  const int64_t partition = fabric_.world.partitionAt(domain, x, y);
  if (partition >= 0) return uint32_t(partition);
  throw Failure(HEDDLE_INVALID_ARGUMENT, "no partition of domain '" +
                                             fabric_.world.domains[domain].name +
                                             "' holds the position " +
                                             placeText(x, y));
}

uint32_t Application::resolveAppName(uint32_t domain, const char* name) {
  checkDomain(domain);
  const Control& control = fabric_.control;
  int64_t found = -1;
  fabric_.eachPartition([&](uint32_t partition) {
    if (name && found < 0 &&
        uint32_t(control.partitionWord(partition, HEDDLE_PARTITION_AT_DOMAIN)) == domain &&
        control.partitionName(partition) == name)
      found = partition;
  });
  if (found >= 0) return uint32_t(found);
  throw Failure(HEDDLE_NOT_FOUND, "domain '" + fabric_.world.domains[domain].name +
                                      "' has no app '" + (name ? name : "") + "'");
}

void Application::send(uint32_t partition, const void* data, size_t bytes) {
  requireOpen();
  const Sizes& sizes = owner_.memory.sizes;
  if (!data && bytes > 0) throw Failure(HEDDLE_INVALID_ARGUMENT, "the data of a message is null");
  if (partition == owner_.index)
    throw Failure(HEDDLE_INVALID_ARGUMENT, "an app can not send messages to its own partition");
  if (!fabric_.control.partitionInUse(partition))
    throw Failure(HEDDLE_NOT_FOUND, "there is no partition " + std::to_string(partition));
  if (bytes > sizes.messageBytesMax)
    throw Failure(HEDDLE_CAPACITY_EXCEEDED, "a message holds " +
                                                std::to_string(sizes.messageBytesMax) +
                                                " bytes, not " + std::to_string(bytes));
  const uint32_t length = uint32_t(bytes);
  if (owner_.send(partition, static_cast<const uint8_t*>(data), length)) return;
  throw Failure(HEDDLE_CAPACITY_EXCEEDED,
                owner_.maySend(length)
                    ? "no room for the message: " + owner_.memory.refusal()
                    : "at max outgoing message capacity (" + std::to_string(sizes.messageLimit) +
                          " messages and " + std::to_string(sizes.messageHeapBytes) +
                          " bytes in all of them a tick)");
}

const Lent<heddle_message>& Application::receive() {
  requireOpen();
  messagesLent_.clear();
  if (hasReceived_) return messagesLent_;
  hasReceived_ = true;
  incoming_ = readMessages(fabric_, owner_.index, owner_.tick - 1);
  for (const IncomingMessage& message : incoming_)
    messagesLent_.push_back({message.source, message.payload.data(), message.payload.size()});
  return messagesLent_;
}

// --- checks

void Application::checkDomain(uint32_t domain) const {
  if (domain >= fabric_.world.domains.size())
    throw Failure(HEDDLE_INVALID_ARGUMENT, "there is no domain " + std::to_string(domain));
}

void Application::checkSpatial(uint32_t domain, const char* hint) const {
  checkDomain(domain);
  if (!fabric_.world.domains[domain].grid)
    throw Failure(HEDDLE_INVALID_ARGUMENT,
                  "domain '" + fabric_.world.domains[domain].name + "' has no area: " + hint);
}

}  // namespace heddle
