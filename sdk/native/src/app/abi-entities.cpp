// The calls of heddle.h for single entities.

#include <algorithm>

#include "abi.hpp"

using namespace heddle;

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
    std::copy_n(app.lendPosition(*entity), 3, position);
  });
}

heddle_error heddle_lend_position(heddle_application* application, heddle_entity* entity,
                                  const float** position) {
  return call(application, [&](Application& app) {
    need(entity, "entity");
    need(position, "position");
    *position = app.lendPosition(*entity);
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
    lend(app.ownershipChanges(), changes, count);
  });
}
