// The calls of heddle.h for the application itself.

#include "abi.hpp"

#include <cstdio>
#include <cstdlib>

namespace heddle {

thread_local std::string lastRefusal;

void die(const char* what) {
  std::fprintf(stderr, "libheddle has a fault, or the fabric's memory was written by another: %s\n",
               what);
  std::abort();
}

}  // namespace heddle

using namespace heddle;

const char* heddle_error_name(heddle_error error) {
  switch (error) {
    case HEDDLE_OK:
      return "Ok";
    case HEDDLE_SHUTTING_DOWN:
      return "ShuttingDown";
    case HEDDLE_INVALID_ARGUMENT:
      return "InvalidArgument";
    case HEDDLE_CAPACITY_EXCEEDED:
      return "CapacityExceeded";
    case HEDDLE_NOT_OWNED:
      return "NotOwned";
    case HEDDLE_NOT_FOUND:
      return "NotFound";
    case HEDDLE_INVALID_STATE:
      return "InvalidState";
    case HEDDLE_NOT_CONNECTED:
      return "NotConnected";
  }
  return "Unknown";
}

heddle_error heddle_create_application(heddle_application** application) {
  return caught([&] {
    need(application, "application");
    *application = new heddle_application(attachToSimulation());
  });
}

heddle_error heddle_create_standalone_application(const heddle_standalone_config* config,
                                                  heddle_application** application) {
  return caught([&] {
    need(config, "config");
    need(application, "application");
    *application = new heddle_application(makeStandaloneWorld(*config));
  });
}

void heddle_destroy_application(heddle_application* application) {
  if (!application) return;
  call(application, [](Application& app) { app.destroy(); });
  delete application;
}

const char* heddle_last_error_message(const heddle_application* application) {
  return (application ? application->application.lastError : lastRefusal).c_str();
}

heddle_error heddle_begin_update_will_block(heddle_application* application, bool* will_block) {
  // Programs ask in a loop: they must not keep a processor busy with it.
  return heddle_wait_for_update(application, 1, will_block);
}

heddle_error heddle_wait_for_update(heddle_application* application, uint32_t milliseconds,
                                    bool* will_block) {
  return call(application, [&](Application& app) {
    need(will_block, "will_block");
    *will_block = app.willBlock(milliseconds);
  });
}

heddle_error heddle_begin_update(heddle_application* application) {
  return call(application, [](Application& app) { app.beginUpdate(); });
}

heddle_error heddle_commit(heddle_application* application) {
  return call(application, [](Application& app) { app.commit(); });
}

uint64_t heddle_current_tick(const heddle_application* application) {
  return application ? application->application.currentTick() : 0;
}

uint32_t heddle_attempt(const heddle_application* application) {
  return application ? application->application.attempt() : 0;
}

heddle_error heddle_ingress_port(heddle_application* application, uint32_t declared,
                                 uint32_t* port) {
  return call(application, [&](Application& app) {
    need(port, "port");
    *port = app.ingressPort(declared);
  });
}

heddle_error heddle_assigned_partition(heddle_application* application,
                                       heddle_partition* partition) {
  return call(application, [&](Application& app) {
    need(partition, "partition");
    *partition = app.assigned();
  });
}

heddle_error heddle_all_partitions(heddle_application* application,
                                   const heddle_partition** partitions, size_t* count) {
  return call(application, [&](Application& app) {
    need(partitions, "partitions");
    need(count, "count");
    lend(app.allPartitions(), partitions, count);
  });
}

heddle_error heddle_domain_by_name(heddle_application* application, const char* name,
                                   uint32_t* domain) {
  return call(application, [&](Application& app) {
    need(domain, "domain");
    *domain = app.domainByName(name);
  });
}

heddle_error heddle_runtime_limit(heddle_application* application, heddle_limit limit,
                                  uint32_t* value) {
  return call(application, [&](Application& app) {
    need(value, "value");
    *value = app.runtimeLimit(limit);
  });
}

void heddle_runtime_metrics(const heddle_application* application, heddle_metrics* metrics) {
  if (application && metrics) *metrics = application->application.metrics();
}

void heddle_reset_runtime_metrics(heddle_application* application) {
  if (application) application->application.resetMetrics();
}
