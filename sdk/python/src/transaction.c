/* Calls of an open update for one entity at a time: the hot ones. Owns the type of transactions,
 * whose other methods stand in others.c and columns.c. */

#include "binding.h"

static PyObject *commit(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  heddle_error error;
  self->application->is_busy = 1;
  Py_BEGIN_ALLOW_THREADS
  error = heddle_commit(handle);
  Py_END_ALLOW_THREADS
  self->application->is_busy = 0;
  if (error) return raise_last(handle, error);
  self->application->is_open = 0;
  Py_RETURN_NONE;
}

static PyObject *create_entity(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count < 1 || count > 2) return wrong_count("create_entity", "a type id and a position");
  uint32_t type;
  float position[3];
  const int is_placed = count == 2 && arguments[1] != Py_None;
  if (!to_u32(arguments[0], "a type id", &type)) return NULL;
  if (is_placed && !to_floats(arguments[1], "a position", 3, position)) return NULL;
  heddle_entity made;
  const heddle_error error =
      heddle_create_entity(handle, type, is_placed ? position : NULL, &made);
  return error ? raise_last(handle, error) : new_entity(self->application, &made);
}

static PyObject *delete_entity(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  heddle_entity *entity = handle ? to_entity(argument) : NULL;
  if (!entity) return NULL;
  const heddle_error error = heddle_delete_entity(handle, entity);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *owned_entities(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  heddle_columns columns;
  heddle_partition own;
  heddle_error error = heddle_owned_rows(handle, &columns);
  if (!error) error = heddle_assigned_partition(handle, &own);
  if (error) return raise_last(handle, error);
  PyObject *list = PyList_New(columns.count);
  Py_ssize_t place = 0;
  for (uint32_t row = 0; list && row < columns.rows; row++) {
    if (columns.states[row] == 0) continue;
    const heddle_entity found = {(uint64_t)columns.ids[row], columns.types[row], own.id, row};
    PyObject *entity = new_entity(self->application, &found);
    if (!entity) {
      Py_DECREF(list);
      return NULL;
    }
    PyList_SetItem(list, place++, entity);
  }
  return list;
}

static PyObject *store_position(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("store_entity_index_key", "an entity and a position");
  float at[3];
  heddle_entity *entity = to_entity(arguments[0]);
  if (!entity || !to_floats(arguments[1], "a position", 3, at)) return NULL;
  const heddle_error error = heddle_store_position(handle, entity, at[0], at[1], at[2]);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *load_position(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  heddle_entity *entity = handle ? to_entity(argument) : NULL;
  if (!entity) return NULL;
  float at[3];
  const heddle_error error = heddle_load_position(handle, entity, at);
  return error ? raise_last(handle, error) : new_position(at);
}

static PyObject *store_field(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 4)
    return wrong_count("store_entity_field", "an entity, an index, a type id and data");
  uint32_t index, type;
  const char *data;
  size_t bytes;
  PyObject *owner;
  heddle_entity *entity = to_entity(arguments[0]);
  if (!entity || !to_u32(arguments[1], "a field index", &index) ||
      !to_u32(arguments[2], "a type id", &type) || !to_bytes(arguments[3], &data, &bytes, &owner))
    return NULL;
  const heddle_error error = heddle_store_field(handle, entity, index, type, data, bytes);
  Py_DECREF(owner);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *load_field(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("load_entity_field", "an entity and an index");
  uint32_t index;
  const void *data;
  size_t bytes;
  heddle_entity *entity = to_entity(arguments[0]);
  if (!entity || !to_u32(arguments[1], "a field index", &index)) return NULL;
  const heddle_error error = heddle_load_field(handle, entity, index, NULL, &data, &bytes);
  if (error) return raise_last(handle, error);
  return PyBytes_FromStringAndSize(data, (Py_ssize_t)bytes);
}

static PyObject *load_field_type(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("load_entity_field_type", "an entity and an index");
  uint32_t index, type;
  const void *data;
  size_t bytes;
  heddle_entity *entity = to_entity(arguments[0]);
  if (!entity || !to_u32(arguments[1], "a field index", &index)) return NULL;
  const heddle_error error = heddle_load_field(handle, entity, index, &type, &data, &bytes);
  return error ? raise_last(handle, error) : PyLong_FromUnsignedLong(type);
}

static PyObject *remove_field(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("remove_entity_field", "an entity and an index");
  uint32_t index;
  heddle_entity *entity = to_entity(arguments[0]);
  if (!entity || !to_u32(arguments[1], "a field index", &index)) return NULL;
  const heddle_error error = heddle_remove_field(handle, entity, index);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *modify_domain(Transaction *self, PyObject *const *arguments, Py_ssize_t count) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  if (count != 2) return wrong_count("modify_entity_domain", "an entity and a domain");
  uint32_t domain;
  heddle_entity *entity = to_entity(arguments[0]);
  if (!entity || !to_domain(handle, arguments[1], &domain)) return NULL;
  const heddle_error error = heddle_modify_entity_domain(handle, entity, domain);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *ownership_changes(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  const heddle_change *changes;
  size_t count;
  const heddle_error error = heddle_ownership_changes(handle, &changes, &count);
  return error ? raise_last(handle, error) : new_changes(self->application, changes, count);
}

static PyMethodDef entity_methods[] = {
    NO_ARGUMENTS("commit", commit,
                 "commit($self, /)\n--\n\n"
                 "Ends the update: other apps see what was written in the next tick.\n\n"
                 "Later calls of this transaction raise InvalidState. Raises InvalidArgument if\n"
                 "columns moved an entity outside of the world; the update then stays open: move\n"
                 "it back, report it, and commit again."),
    FAST("create_entity", create_entity,
         "create_entity($self, type_id, position=None, /)\n--\n\n"
         "Creates an entity of this app and returns its handle.\n\n"
         "type_id: 512 or higher. position: three numbers in world units; by default the middle\n"
         "of the cell, or 0, 0, 0 where the partition has no area. Raises InvalidArgument for a\n"
         "bad type id or position, CapacityExceeded where no more entities fit."),
    ONE_ARGUMENT("delete_entity", delete_entity,
                 "delete_entity($self, entity, /)\n--\n\n"
                 "Deletes an entity: here at once, for other apps in the next tick.\n\n"
                 "Raises NotOwned or NotFound."),
    NO_ARGUMENTS("owned_entities", owned_entities,
                 "owned_entities($self, /)\n--\n\n"
                 "Returns a list with the handles of all entities that this app owns now."),
    FAST("store_entity_index_key", store_position,
         "store_entity_index_key($self, entity, position, /)\n--\n\n"
         "Moves an entity of this app to a position: x, y and z in world units.\n\n"
         "Raises InvalidArgument outside of the world, NotOwned or NotFound."),
    ONE_ARGUMENT("load_entity_index_key", load_position,
                 "load_entity_index_key($self, entity, /)\n--\n\n"
                 "Returns the position of an entity as a tuple x, y, z, in world units.\n\n"
                 "Own entities are as this app last wrote them, others as of the tick before.\n"
                 "Raises NotFound where the entity is neither owned nor subscribed to."),
    FAST("store_entity_field", store_field,
         "store_entity_field($self, entity, index, type_id, data, /)\n--\n\n"
         "Writes a data field of an entity of this app.\n\n"
         "index: 1 to 63. type_id: a number of your choice. data: bytes, or what holds bytes, up\n"
         "to 65,536. Raises InvalidArgument, CapacityExceeded, NotOwned or NotFound."),
    FAST("load_entity_field", load_field,
         "load_entity_field($self, entity, index, /)\n--\n\n"
         "Returns the bytes of a data field, as a copy.\n\n"
         "Raises NotFound where the entity has no such field, or cannot be read from here."),
    FAST("load_entity_field_type", load_field_type,
         "load_entity_field_type($self, entity, index, /)\n--\n\n"
         "Returns the type id that a data field was stored with.\n\n"
         "Raises NotFound where the entity has no such field, or cannot be read from here."),
    FAST("remove_entity_field", remove_field,
         "remove_entity_field($self, entity, index, /)\n--\n\n"
         "Removes a data field. Raises NotFound where there is none, or NotOwned."),
    FAST("modify_entity_domain", modify_domain,
         "modify_entity_domain($self, entity, domain, /)\n--\n\n"
         "Hands an entity to a spatial domain, by its name: from the next tick on, the app whose\n"
         "cell holds the entity's position owns it.\n\n"
         "Raises InvalidArgument where the domain has no area, or does not contain the position."),
    NO_ARGUMENTS("ownership_changes", ownership_changes,
                 "ownership_changes($self, /)\n--\n\n"
                 "Returns a list of what happened to this app's ownership since the last call,\n"
                 "oldest first: Change(kind, entity, subscription), of kind ADD, REMOVE or REJECT."
                 "\n\nThe first call of a process has an ADD for each entity that the app owns.\n"
                 "Entities that the app itself creates or deletes are not listed."),
    {NULL, NULL, 0, NULL}};

static PyObject *tick(Transaction *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLongLong(self->tick);
}

static PyObject *is_open(Transaction *self, void *unused) {
  (void)unused;
  const Application *application = self->application;
  return PyBool_FromLong(application->is_open && application->updates == self->update);
}

static PyObject *application(Transaction *self, void *unused) {
  (void)unused;
  Py_INCREF(self->application);
  return (PyObject *)self->application;
}

static PyGetSetDef members[] = {
    {"tick", (getter)tick, NULL, "The number of the tick that this transaction computes.", NULL},
    {"is_open", (getter)is_open, NULL, "False once it is committed.", NULL},
    {"application", (getter)application, NULL, "The application that began it.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static void transaction_free(Transaction *self) {
  Py_XDECREF(self->application);
  free_object((PyObject *)self);
}

/* All parts' methods, and an end. */
static PyMethodDef methods[64];

static PyType_Slot slots[] = {{Py_tp_new, refuse_new},
                              {Py_tp_dealloc, transaction_free},
                              {Py_tp_methods, methods},
                              {Py_tp_getset, members},
                              {0, NULL}};

static PyType_Spec spec = {"heddle._native.Transaction", sizeof(Transaction), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

int add_transaction(PyObject *module) {
  const PyMethodDef *parts[] = {entity_methods, others_methods, column_methods, nearby_methods};
  size_t count = 0;
  for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
    for (const PyMethodDef *method = parts[part]; method->ml_name; method++)
      methods[count++] = *method;
  return add_type(module, &spec, "Transaction") != NULL;
}
