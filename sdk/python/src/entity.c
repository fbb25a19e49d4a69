/* Handles of entities, and what is made of libheddle's answers. Owns the types of handles, events
 * and messages. */

#include "binding.h"

PyTypeObject *entity_type, *change_type, *message_type;

static PyObject *entity_new(PyTypeObject *type, PyObject *arguments, PyObject *named) {
  static char *names[] = {"id", NULL};
  unsigned long long id;
  if (!PyArg_ParseTupleAndKeywords(arguments, named, "K", names, &id)) return NULL;
  Entity *entity = (Entity *)PyType_GenericAlloc(type, 0);
  if (entity) entity->handle.id = id;
  return (PyObject *)entity;
}

PyObject *new_entity(const Application *application, const heddle_entity *handle) {
  Entity *entity = (Entity *)PyType_GenericAlloc(application->entity_class, 0);
  if (entity) entity->handle = *handle;
  return (PyObject *)entity;
}

void free_object(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

static PyObject *entity_id(Entity *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLongLong(self->handle.id);
}

static PyObject *entity_type_id(Entity *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLong(self->handle.type);
}

static Py_hash_t entity_hash(Entity *self) { return (Py_hash_t)(self->handle.id & INT64_MAX); }

static PyObject *entity_compare(PyObject *one, PyObject *other, int how) {
  if ((how != Py_EQ && how != Py_NE) || !PyObject_TypeCheck(other, entity_type)) {
    Py_INCREF(Py_NotImplemented);
    return Py_NotImplemented;
  }
  const int is_equal = ((Entity *)one)->handle.id == ((Entity *)other)->handle.id;
  return PyBool_FromLong(is_equal == (how == Py_EQ));
}

static PyObject *entity_repr(Entity *self) {
  return PyUnicode_FromFormat("Entity(id=%llu, type=%u)", (unsigned long long)self->handle.id,
                              self->handle.type);
}

static PyGetSetDef entity_members[] = {
    {"id", (getter)entity_id, NULL, "Unique in the simulation, for ever; below 2**53.", NULL},
    {"type", (getter)entity_type_id, NULL, "The type id that the entity was created with.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot entity_slots[] = {
    {Py_tp_doc, "Entity(id)\n--\n\nA handle of an entity. Keep it across ticks as long as you "
                "like. Handles are equal where their ids are."},
    {Py_tp_new, entity_new},
    {Py_tp_dealloc, free_object},
    {Py_tp_hash, entity_hash},
    {Py_tp_richcompare, entity_compare},
    {Py_tp_repr, entity_repr},
    {Py_tp_getset, entity_members},
    {0, NULL}};

static PyType_Spec entity_spec = {"heddle._native.Entity", sizeof(Entity), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, entity_slots};

static PyStructSequence_Field change_fields[] = {
    {"kind", "What happened: a ChangeKind."},
    {"entity", "To which entity."},
    {"subscription", "In which subscription; 0 where ownership changed."},
    {NULL, NULL}};
static PyStructSequence_Desc change_description = {
    "heddle.Change", "Something that happened to an entity.", change_fields, 3};

static PyStructSequence_Field message_fields[] = {
    {"sender", "Endpoint of the app that sent it, for replies."},
    {"payload", "Its bytes."},
    {NULL, NULL}};
static PyStructSequence_Desc message_description = {
    "heddle.Message", "A message that another app sent in the tick before.", message_fields, 2};

/* By heddle_action. */
static PyObject *change_kinds[HEDDLE_REJECT + 1];

PyObject *new_changes(const Application *application, const heddle_change *changes, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t place = 0; list && place < count; place++) {
    PyObject *change = PyStructSequence_New(change_type);
    PyObject *entity = new_entity(application, &changes[place].entity);
    PyObject *subscription = PyLong_FromUnsignedLong(changes[place].subscription);
    if (!change || !entity || !subscription) {
      Py_XDECREF(change);
      Py_XDECREF(entity);
      Py_XDECREF(subscription);
      Py_DECREF(list);
      return NULL;
    }
    PyObject *kind = change_kinds[changes[place].action];
    Py_INCREF(kind);
    PyStructSequence_SetItem(change, 0, kind);
    PyStructSequence_SetItem(change, 1, entity);
    PyStructSequence_SetItem(change, 2, subscription);
    PyList_SetItem(list, (Py_ssize_t)place, change);
  }
  return list;
}

PyObject *new_position(const float *position) {
  PyObject *tuple = PyTuple_New(3);
  for (int axis = 0; tuple && axis < 3; axis++)
    PyTuple_SetItem(tuple, axis, PyFloat_FromDouble(position[axis]));
  return tuple;
}

int add_entity(PyObject *module) {
  entity_type = add_type(module, &entity_spec, "Entity");
  change_type = PyStructSequence_NewType(&change_description);
  message_type = PyStructSequence_NewType(&message_description);
  if (!entity_type || !change_type || !message_type) return 0;
  PyObject *kinds = PyImport_ImportModule("heddle.kinds");
  if (!kinds) return 0;
  for (int action = 0; action <= HEDDLE_REJECT; action++)
    change_kinds[action] = PyObject_CallMethod(kinds, "ChangeKind", "i", action);
  Py_DECREF(kinds);
  if (PyErr_Occurred()) return 0;
  Py_INCREF(change_type);
  Py_INCREF(message_type);
  return PyModule_AddObject(module, "Change", (PyObject *)change_type) == 0 &&
         PyModule_AddObject(module, "Message", (PyObject *)message_type) == 0;
}
