/* The application: attached, ticking, destroyed. Owns the handle of libheddle, and who may use it
 * when. */

#include "binding.h"

/* How long a wait is at most before signals are looked at, which end it early as a rule. */
#define WAIT_MS 1000

/* Attached to a simulation, or alone with `alone`: seconds, tick rate, bounds, domain, entities. */
static PyObject *application_new(PyTypeObject *type, PyObject *arguments, PyObject *named) {
  static char *names[] = {"transaction_class", "entity_class", "alone", NULL};
  PyObject *transaction_class, *entity_class, *alone = Py_None;
  heddle_standalone_config config;
  heddle_box *box = &config.bounds;
  if (!PyArg_ParseTupleAndKeywords(arguments, named, "OO|O", names, &transaction_class,
                                   &entity_class, &alone))
    return NULL;
  const char is_alone = alone != Py_None;
  if (is_alone && !PyArg_ParseTuple(alone, "dd(ffff)sI", &config.seconds, &config.tick_rate,
                                    &box->min_x, &box->min_y, &box->max_x, &box->max_y,
                                    &config.domain, &config.entities_per_partition))
    return NULL;
  Application *self = (Application *)PyType_GenericAlloc(type, 0);
  if (!self) return NULL;
  Py_INCREF(transaction_class);
  Py_INCREF(entity_class);
  self->transaction_class = (PyTypeObject *)transaction_class;
  self->entity_class = (PyTypeObject *)entity_class;
  self->is_alone = is_alone;
  const heddle_error error = is_alone
                                 ? heddle_create_standalone_application(&config, &self->handle)
                                 : heddle_create_application(&self->handle);
  if (!error) return (PyObject *)self;
  self->handle = NULL;
  raise_last(NULL, error);
  Py_DECREF(self);
  return NULL;
}

/* One of a simulation that is forgotten is not destroyed: its process fails unless it says so. */
static void application_free(Application *self) {
  heddle_destroy_application(self->kept);
  if (self->is_alone) heddle_destroy_application(self->handle);
  Py_XDECREF(self->transaction_class);
  Py_XDECREF(self->entity_class);
  free_object((PyObject *)self);
}

heddle_application *handle_of(Application *application) {
  if (application->handle && !application->is_busy) return application->handle;
  raise_error(HEDDLE_INVALID_STATE,
              application->handle
                  ? "InvalidState: a call of this application is under way: in another thread, or "
                    "around the body of a sweep"
                  : "InvalidState: the application is destroyed");
  return NULL;
}

heddle_application *open_handle(Transaction *transaction) {
  Application *application = transaction->application;
  if (application->is_open && application->updates == transaction->update && application->handle &&
      !application->is_busy)
    return application->handle;
  if (!handle_of(application)) return NULL;
  raise_error(HEDDLE_INVALID_STATE,
              "InvalidState: this transaction is committed: use the one of the open update");
  return NULL;
}

/* Sleeps until an update can begin, and meanwhile lets other threads and signals' handlers run. */
static int wait_for_update(Application *self, heddle_application *handle) {
  heddle_error error = HEDDLE_OK;
  bool will_block = true;
  self->is_busy = 1;
  while (!error && will_block && PyErr_CheckSignals() == 0) {
    Py_BEGIN_ALLOW_THREADS
    error = heddle_wait_for_update(handle, WAIT_MS, &will_block);
    Py_END_ALLOW_THREADS
  }
  self->is_busy = 0;
  if (error) raise_last(handle, error);
  return !error && !will_block;
}

static PyObject *begin_update(Application *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  if (!handle || !wait_for_update(self, handle)) return NULL;
  const heddle_error error = heddle_begin_update(handle);
  if (error) return raise_last(handle, error);
  self->is_open = 1;
  self->updates++;
  Transaction *transaction = (Transaction *)PyType_GenericAlloc(self->transaction_class, 0);
  if (!transaction) return NULL;
  Py_INCREF(self);
  transaction->application = self;
  transaction->update = self->updates;
  transaction->tick = heddle_current_tick(handle);
  return (PyObject *)transaction;
}

static PyObject *begin_update_will_block(Application *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  if (!handle) return NULL;
  heddle_error error;
  bool will_block = false;
  self->is_busy = 1;
  Py_BEGIN_ALLOW_THREADS
  error = heddle_begin_update_will_block(handle, &will_block);
  Py_END_ALLOW_THREADS
  self->is_busy = 0;
  return error ? raise_last(handle, error) : PyBool_FromLong(will_block);
}

/* Whether beginning an update would wait, after a wait of so many milliseconds. */
static PyObject *wait_a_while(Application *self, PyObject *argument) {
  heddle_application *handle = handle_of(self);
  uint32_t milliseconds;
  if (!handle || !to_u32(argument, "milliseconds", &milliseconds)) return NULL;
  heddle_error error;
  bool will_block = false;
  self->is_busy = 1;
  Py_BEGIN_ALLOW_THREADS
  error = heddle_wait_for_update(handle, milliseconds, &will_block);
  Py_END_ALLOW_THREADS
  self->is_busy = 0;
  return error ? raise_last(handle, error) : PyBool_FromLong(will_block);
}

static PyObject *destroy(Application *self, PyObject *unused) {
  (void)unused;
  if (self->handle) {
    heddle_application *handle = handle_of(self);
    if (!handle) return NULL;
    self->handle = NULL;
    self->is_open = 0;
    if (self->is_alone) self->kept = handle;
    else heddle_destroy_application(handle);
  }
  Py_RETURN_NONE;
}

/* id, domain's index, kind of domain, cell or None, domain, app. */
static PyObject *describe(const heddle_partition *partition) {
  const heddle_box *cell = &partition->cell;
  PyObject *bounds = partition->has_cell
                         ? Py_BuildValue("(ffff)", cell->min_x, cell->min_y, cell->max_x,
                                         cell->max_y)
                         : (Py_INCREF(Py_None), Py_None);
  if (!bounds) return NULL;
  return Py_BuildValue("(IIiNss)", partition->id, partition->domain, (int)partition->domain_type,
                       bounds, partition->domain_name, partition->app_name);
}

static PyObject *assigned_partition(Application *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  if (!handle) return NULL;
  heddle_partition partition;
  const heddle_error error = heddle_assigned_partition(handle, &partition);
  return error ? raise_last(handle, error) : describe(&partition);
}

static PyObject *all_partitions(Application *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  if (!handle) return NULL;
  const heddle_partition *partitions;
  size_t count;
  const heddle_error error = heddle_all_partitions(handle, &partitions, &count);
  if (error) return raise_last(handle, error);
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t place = 0; list && place < count; place++) {
    PyObject *partition = describe(&partitions[place]);
    if (!partition) {
      Py_DECREF(list);
      return NULL;
    }
    PyList_SetItem(list, (Py_ssize_t)place, partition);
  }
  return list;
}

static PyObject *ingress_port(Application *self, PyObject *declared) {
  heddle_application *handle = handle_of(self);
  uint32_t number, port;
  if (!handle || !to_u32(declared, "a port", &number)) return NULL;
  const heddle_error error = heddle_ingress_port(handle, number, &port);
  return error ? raise_last(handle, error) : PyLong_FromUnsignedLong(port);
}

static PyObject *runtime_limit(Application *self, PyObject *limit) {
  heddle_application *handle = handle_of(self);
  uint32_t number, value;
  if (!handle || !to_u32(limit, "a limit", &number)) return NULL;
  const heddle_error error = heddle_runtime_limit(handle, (heddle_limit)number, &value);
  return error ? raise_last(handle, error) : PyLong_FromUnsignedLong(value);
}

static PyObject *runtime_metrics(Application *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  if (!handle) return NULL;
  heddle_metrics m;
  heddle_runtime_metrics(handle, &m);
  return Py_BuildValue("(KIIIIIIIIII)", (unsigned long long)m.total_committed_ticks,
                       m.active_entity, m.ticks_since_reset, m.load_field, m.store_field,
                       m.created_entity, m.deleted_entity, m.entered_entity, m.exited_entity,
                       m.rejected_incoming_transfer, m.rejected_outgoing_transfer);
}

static PyObject *reset_runtime_metrics(Application *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  if (!handle) return NULL;
  heddle_reset_runtime_metrics(handle);
  Py_RETURN_NONE;
}

static PyObject *current_tick(Application *self, void *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  return handle ? PyLong_FromUnsignedLongLong(heddle_current_tick(handle)) : NULL;
}

static PyObject *attempt(Application *self, void *unused) {
  (void)unused;
  heddle_application *handle = handle_of(self);
  return handle ? PyLong_FromUnsignedLong(heddle_attempt(handle)) : NULL;
}

static PyMethodDef methods[] = {
    NO_ARGUMENTS("_begin_update", begin_update, NULL),
    NO_ARGUMENTS("_begin_update_will_block", begin_update_will_block, NULL),
    ONE_ARGUMENT("_wait_a_while", wait_a_while, NULL),
    NO_ARGUMENTS("_destroy", destroy, NULL),
    NO_ARGUMENTS("_assigned_partition", assigned_partition, NULL),
    NO_ARGUMENTS("_all_partitions", all_partitions, NULL),
    ONE_ARGUMENT("_ingress_port", ingress_port, NULL),
    ONE_ARGUMENT("_runtime_limit", runtime_limit, NULL),
    NO_ARGUMENTS("_runtime_metrics", runtime_metrics, NULL),
    NO_ARGUMENTS("_reset_runtime_metrics", reset_runtime_metrics, NULL),
    {NULL, NULL, 0, NULL}};

static PyGetSetDef members[] = {{"_current_tick", (getter)current_tick, NULL, NULL, NULL},
                                {"_attempt", (getter)attempt, NULL, NULL, NULL},
                                {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot slots[] = {{Py_tp_new, application_new},
                              {Py_tp_dealloc, application_free},
                              {Py_tp_methods, methods},
                              {Py_tp_getset, members},
                              {0, NULL}};

static PyType_Spec spec = {"heddle._native.Application", sizeof(Application), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

int add_application(PyObject *module) {
  return add_type(module, &spec, "Application") != NULL;
}
