// The calls of heddle.h for many of this app's own entities.

#include "abi.hpp"

using namespace heddle;

heddle_error heddle_owned_columns(heddle_application* application, heddle_columns* columns) {
  return call(application, [&](Application& app) {
    need(columns, "columns");
    *columns = app.columns();
  });
}

heddle_error heddle_owned_rows(heddle_application* application, heddle_columns* columns) {
  return call(application, [&](Application& app) {
    need(columns, "columns");
    *columns = app.rows();
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
    needList(rows, count, "rows");
    app.createMany(type, count, rows);
  });
}

heddle_error heddle_delete_entities(heddle_application* application, const uint32_t* rows,
                                    size_t count) {
  return call(application, [&](Application& app) {
    needList(rows, count, "rows");
    app.removeMany(rows, count);
  });
}

heddle_error heddle_tick_changes(heddle_application* application, heddle_tick_rows* rows) {
  return call(application, [&](Application& app) {
    need(rows, "rows");
    *rows = app.tickRows();
  });
}

heddle_error heddle_rows_of(heddle_application* application, const double* ids, size_t count,
                            int64_t* rows) {
  return call(application, [&](Application& app) {
    needList(ids, count, "ids");
    needList(rows, count, "rows");
    app.rowsOf(ids, count, rows);
  });
}

heddle_error heddle_moved(heddle_application* application, uint32_t from, uint32_t to) {
  return call(application, [&](Application& app) { app.moved(from, to); });
}

heddle_error heddle_touched(heddle_application* application, uint32_t row) {
  return call(application, [&](Application& app) { app.touched(&row, 1); });
}

heddle_error heddle_touched_rows(heddle_application* application, const uint32_t* rows,
                                 size_t count) {
  return call(application, [&](Application& app) {
    needList(rows, count, "rows");
    app.touched(rows, count);
  });
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

heddle_error heddle_give(heddle_application* application, const heddle_shape* shape,
                         const uint32_t* rows, size_t count) {
  return call(application, [&](Application& app) {
    need(shape, "shape");
    needList(rows, count, "rows");
    app.give(*shape, rows, count);
  });
}

heddle_error heddle_take(heddle_application* application, uint32_t index, const uint32_t* rows,
                         size_t count) {
  return call(application, [&](Application& app) {
    needList(rows, count, "rows");
    app.take(index, rows, count);
  });
}
