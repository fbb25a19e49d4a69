// The calls of heddle.h for other apps and their entities.

#include "abi.hpp"

using namespace heddle;

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
    lend(app.subscriptionEvents(), changes, count);
  });
}

heddle_error heddle_subscribed_entities(heddle_application* application, uint32_t subscription,
                                        const heddle_entity** entities, size_t* count) {
  return call(application, [&](Application& app) {
    lend(app.subscribedEntities(subscription), entities, count);
  });
}

heddle_error heddle_covered_columns(heddle_application* application, uint32_t subscription,
                                    const heddle_covered** partitions, size_t* count) {
  return call(application,
              [&](Application& app) { lend(app.covered(subscription), partitions, count); });
}

heddle_error heddle_covered_field(heddle_application* application, uint32_t partition,
                                  const heddle_shape* shape, heddle_field_view* view) {
  return call(application, [&](Application& app) {
    need(shape, "shape");
    need(view, "view");
    *view = app.coveredField(partition, *shape);
  });
}

heddle_error heddle_take_neighbourhood(heddle_application* application, float radius,
                                       bool with_list, heddle_neighbourhood* neighbourhood) {
  return call(application, [&](Application& app) {
    need(neighbourhood, "neighbourhood");
    *neighbourhood = app.takeNeighbourhood(radius, with_list);
  });
}

heddle_error heddle_neighbourhood_field(heddle_application* application, const heddle_shape* shape,
                                        heddle_field_view* view) {
  return call(application, [&](Application& app) {
    need(shape, "shape");
    need(view, "view");
    *view = app.neighbourhoodField(*shape);
  });
}

heddle_error heddle_neighbourhood_at(heddle_application* application, float x, float y,
                                     float radius, const uint32_t** entries, size_t* count) {
  return call(application, [&](Application& app) {
    lend(app.neighbourhoodAt(x, y, radius), entries, count);
  });
}

heddle_error heddle_neighbours(heddle_application* application, float x, float y, float radius,
                               const heddle_neighbour** neighbours, size_t* count) {
  return call(application, [&](Application& app) {
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
    lend(app.receive(), messages, count);
  });
}
