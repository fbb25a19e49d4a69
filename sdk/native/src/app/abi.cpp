// The C ABI of heddle.h over the application: exceptions become codes, and nothing is thrown
// further.

#include <exception>
#include <new>

#include "../failure.hpp"
#include "application.hpp"
#include "heddle.h"

struct heddle_application {
  heddle::Application application;
};

namespace {

using heddle::Application;
using heddle::Failure;

thread_local std::string lastCreateError;

/** A fault of the runtime itself: what it would commit is not to be trusted. */
[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "libheddle has a fault, or the fabric's memory was written by another: %s\n",
               what);
  std::abort();
}

template <class Work>
heddle_error caught(std::string& message, Work work) {
  try {
    work();
    return HEDDLE_OK;
  } catch (const Failure& failure) {
    message = std::string(heddle_error_name(failure.code)) + ": " + failure.what();
    return failure.code;
  } catch (const std::bad_alloc&) {
    message = "CapacityExceeded: this process has no memory left";
    return HEDDLE_CAPACITY_EXCEEDED;
  } catch (const std::exception& fault) {
    die(fault.what());
  }
}

template <class Work>
heddle_error call(heddle_application* handle, Work work) {
  if (!handle) {
    lastCreateError = "InvalidArgument: the application is null";
    return HEDDLE_INVALID_ARGUMENT;
  }
  Application& application = handle->application;
  return caught(application.lastError, [&] { work(application); });
}

/** Refuses a place for an answer, or an argument, that is null. */
void need(const void* pointer, const char* name) {
  if (!pointer) throw Failure(HEDDLE_INVALID_ARGUMENT, std::string(name) + " is null");
}

/** Lends a list. */
template <class Item, class List>
void lend(const List& list, const Item** items, size_t* count) {
  *items = list.data();
  *count = list.size();
}

}  // namespace

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
  return caught(lastCreateError, [&] {
    need(application, "application");
    *application = new heddle_application();
  });
}

void heddle_destroy_application(heddle_application* application) {
  if (!application) return;
  call(application, [](Application& app) { app.destroy(); });
  delete application;
}

const char* heddle_last_error_message(const heddle_application* application) {
  return (application ? application->application.lastError : lastCreateError).c_str();
}

heddle_error heddle_begin_update_will_block(heddle_application* application, bool* will_block) {
  return call(application, [&](Application& app) {
    need(will_block, "will_block");
    *will_block = app.willBlock();
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

heddle_error heddle_create_entity(heddle_application* application, uint32_t type,
                                  const float* position, heddle_entity* entity) {
  return call(application, [&](Application& app) {
    const heddle_entity made = app.create(type, position);
    if (entity) *entity = made;
  });
}

heddle_error heddle_delete_entity(heddle_application* application, heddle_entity* entity) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    app.remove(*entity);
  });
}

heddle_error heddle_store_position(heddle_application* application, heddle_entity* entity, float x,
                                   float y, float z) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    app.storePosition(*entity, x, y, z);
  });
}

heddle_error heddle_load_position(heddle_application* application, heddle_entity* entity,
                                  float* position) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    need(position, "position");
    app.loadPosition(*entity, position);
  });
}

heddle_error heddle_store_field(heddle_application* application, heddle_entity* entity,
                                uint32_t index, uint32_t type_id, const void* data, size_t bytes) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    app.storeField(*entity, index, type_id, data, bytes);
  });
}

heddle_error heddle_load_field(heddle_application* application, heddle_entity* entity,
                               uint32_t index, uint32_t* type_id, const void** data,
                               size_t* bytes) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    need(data, "data");
    need(bytes, "bytes");
    const auto field = app.loadField(*entity, index);
    if (type_id) *type_id = field.typeId;
    *data = field.data;
    *bytes = field.bytes;
  });
}

heddle_error heddle_remove_field(heddle_application* application, heddle_entity* entity,
                                 uint32_t index) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    app.removeField(*entity, index);
  });
}

heddle_error heddle_modify_entity_domain(heddle_application* application, heddle_entity* entity,
                                         uint32_t domain) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    app.modifyDomain(*entity, domain);
  });
}

heddle_error heddle_ownership_changes(heddle_application* application,
                                      const heddle_change** changes, size_t* count) {
  return call(application, [&](Application& app) {
    need(changes, "changes");
    need(count, "count");
    lend(app.ownershipChanges(), changes, count);
  });
}

heddle_error heddle_owned_columns(heddle_application* application, heddle_columns* columns) {
  return call(application, [&](Application& app) {
    need(columns, "columns");
    *columns = app.columns();
  });
}

heddle_error heddle_owned_entity(heddle_application* application, uint32_t row,
                                 heddle_entity* entity) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    *entity = app.entityAt(row);
  });
}

heddle_error heddle_create_entities(heddle_application* application, uint32_t type, uint32_t count,
                                    uint32_t* rows) {
  return call(application, [&](Application& app) {
    need(rows, "rows");
    app.createMany(type, count, rows);
  });
}

heddle_error heddle_moved(heddle_application* application, uint32_t from, uint32_t to) {
  return call(application, [&](Application& app) { app.moved(from, to); });
}

heddle_error heddle_touched(heddle_application* application, uint32_t row) {
  return call(application, [&](Application& app) { app.touched(row); });
}

heddle_error heddle_sweep(heddle_application* application, heddle_sweep_body body, void* context) {
  return call(application, [&](Application& app) {
    need(reinterpret_cast<const void*>(body), "body");
    app.sweep(body, context);
  });
}

heddle_error heddle_field(heddle_application* application, const heddle_shape* shape,
                          heddle_field_column* column) {
  return call(application, [&](Application& app) {
    need(shape, "shape");
    need(column, "column");
    *column = app.field(*shape);
  });
}

heddle_error heddle_stored(heddle_application* application, const heddle_shape* shape,
                           uint32_t from, uint32_t to) {
  return call(application, [&](Application& app) {
    need(shape, "shape");
    app.stored(*shape, from, to);
  });
}

heddle_error heddle_create_subscription(heddle_application* application, uint32_t domain,
                                        const heddle_box* box, uint32_t* subscription) {
  return call(application, [&](Application& app) {
    need(box, "box");
    need(subscription, "subscription");
    *subscription = app.subscribe(domain, *box);
  });
}

heddle_error heddle_modify_subscription(heddle_application* application, uint32_t subscription,
                                        const heddle_box* box) {
  return call(application, [&](Application& app) {
    need(box, "box");
    app.modifySubscription(subscription, *box);
  });
}

heddle_error heddle_delete_subscription(heddle_application* application, uint32_t subscription) {
  return call(application, [&](Application& app) { app.deleteSubscription(subscription); });
}

heddle_error heddle_subscription_events(heddle_application* application,
                                        const heddle_change** changes, size_t* count) {
  return call(application, [&](Application& app) {
    need(changes, "changes");
    need(count, "count");
    lend(app.subscriptionEvents(), changes, count);
  });
}

heddle_error heddle_subscribed_entities(heddle_application* application, uint32_t subscription,
                                        const heddle_entity** entities, size_t* count) {
  return call(application, [&](Application& app) {
    need(entities, "entities");
    need(count, "count");
    lend(app.subscribedEntities(subscription), entities, count);
  });
}

heddle_error heddle_neighbours(heddle_application* application, float x, float y, float radius,
                               const heddle_neighbour** neighbours, size_t* count) {
  return call(application, [&](Application& app) {
    need(neighbours, "neighbours");
    need(count, "count");
    lend(app.neighbours(x, y, radius), neighbours, count);
  });
}

heddle_error heddle_resolve_position(heddle_application* application, uint32_t domain, float x,
                                     float y, uint32_t* partition) {
  return call(application, [&](Application& app) {
    need(partition, "partition");
    *partition = app.resolvePosition(domain, x, y);
  });
}

heddle_error heddle_resolve_app_name(heddle_application* application, uint32_t domain,
                                     const char* name, uint32_t* partition) {
  return call(application, [&](Application& app) {
    need(partition, "partition");
    *partition = app.resolveAppName(domain, name);
  });
}

heddle_error heddle_send_message(heddle_application* application, uint32_t partition,
                                 const void* data, size_t bytes) {
  return call(application, [&](Application& app) { app.send(partition, data, bytes); });
}

heddle_error heddle_receive_messages(heddle_application* application,
                                     const heddle_message** messages, size_t* count) {
  return call(application, [&](Application& app) {
    need(messages, "messages");
    need(count, "count");
    lend(app.receive(), messages, count);
  });
}
