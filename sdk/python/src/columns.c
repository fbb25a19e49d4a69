/* Columns of this app's own entities. heddle/columns.py is their face, and documents them. Owns
 * nothing. */

#include "binding.h"

static PyObject *owner_of(Transaction *transaction) {
  return (PyObject *)transaction->application;
}

/* rows, count, ids, types, states */
static PyObject *owned_rows(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  heddle_columns columns;
  const heddle_error error = heddle_owned_rows(handle, &columns);
  if (error) return raise_last(handle, error);
  const Py_ssize_t rows = columns.rows;
  const Numbers ids = {columns.ids, "d", 8, rows, 0, 8, 0};
  const Numbers types = {columns.types, "I", 4, rows, 0, 4, 0};
  const Numbers states = {columns.states, "B", 1, rows, 0, 1, 0};
  PyObject *owner = owner_of(self);
  return Py_BuildValue("(IINNN)", columns.rows, columns.count, new_memory(owner, &ids),
                       new_memory(owner, &types), new_memory(owner, &states));
}

static PyObject *owned_positions(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  heddle_columns columns;
  const heddle_error error = heddle_owned_columns(handle, &columns);
  if (error) return raise_last(handle, error);
  const Numbers positions = {columns.positions, "f", 4, columns.rows, 3, 12, 1};
  return new_memory(owner_of(self), &positions);
}

static PyObject *owned_entity(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  uint32_t row;
  if (!handle || !to_u32(argument, "a row", &row)) return NULL;
  heddle_entity entity;
  const heddle_error error = heddle_owned_entity(handle, row, &entity);
  return error ? raise_last(handle, error) : new_entity(self->application, &entity);
}

static PyObject *create_entities(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  PyObject *type_argument, *count_argument;
  uint32_t type, count;
  if (!handle || !PyArg_ParseTuple(arguments, "OO", &type_argument, &count_argument) ||
      !to_u32(type_argument, "a type id", &type) || !to_u32(count_argument, "a count", &count))
    return NULL;
  uint32_t *rows = PyMem_Malloc(((size_t)count + 1) * sizeof *rows);
  if (!rows) return PyErr_NoMemory();
  const heddle_error error = heddle_create_entities(handle, type, count, rows);
  PyObject *made = error ? raise_last(handle, error) : new_copy(rows, "I", 4, count, 0);
  PyMem_Free(rows);
  return made;
}

static PyObject *delete_entities(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  const void *rows;
  size_t count;
  if (!handle || !to_numbers(argument, 4, &rows, &count)) return NULL;
  const heddle_error error = heddle_delete_entities(handle, rows, count);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

/* arrived rows, departed rows, departed ids, rejected rows */
static PyObject *tick_rows(Transaction *self, PyObject *unused) {
  (void)unused;
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  heddle_tick_rows rows;
  const heddle_error error = heddle_tick_changes(handle, &rows);
  if (error) return raise_last(handle, error);
  const Py_ssize_t departed = (Py_ssize_t)rows.departed_count;
  return Py_BuildValue("(NNNN)",
                       new_copy(rows.arrived, "I", 4, (Py_ssize_t)rows.arrived_count, 0),
                       new_copy(rows.departed, "I", 4, departed, 0),
                       new_copy(rows.departed_ids, "d", 8, departed, 0),
                       new_copy(rows.rejected, "I", 4, (Py_ssize_t)rows.rejected_count, 0));
}

static PyObject *rows_of(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  const void *ids;
  size_t count;
  if (!handle || !to_numbers(argument, 8, &ids, &count)) return NULL;
  int64_t *rows = PyMem_Malloc((count + 1) * sizeof *rows);
  if (!rows) return PyErr_NoMemory();
  const heddle_error error = heddle_rows_of(handle, ids, count, rows);
  PyObject *found =
      error ? raise_last(handle, error) : new_copy(rows, "q", 8, (Py_ssize_t)count, 0);
  PyMem_Free(rows);
  return found;
}

static PyObject *moved(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  unsigned int from, to;
  if (!handle || !PyArg_ParseTuple(arguments, "II", &from, &to)) return NULL;
  const heddle_error error = heddle_moved(handle, from, to);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *touched(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  const void *rows;
  size_t count;
  if (!handle || !to_numbers(argument, 4, &rows, &count)) return NULL;
  const heddle_error error = heddle_touched_rows(handle, rows, count);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

typedef struct {
  Application *application;
  PyObject *body;
  int has_failed;
} Sweep;

/* A body that fails is not called again: the rows that are left keep their positions. */
static void sweep_piece(void *context, float *positions, uint32_t from, uint32_t to) {
  Sweep *sweep = context;
  if (sweep->has_failed) return;
  const Numbers numbers = {positions + (size_t)from * 3, "f", 4, to - from, 3, 12, 1};
  PyObject *piece = new_memory((PyObject *)sweep->application, &numbers);
  PyObject *done = piece ? PyObject_CallFunction(sweep->body, "OII", piece, from, to) : NULL;
  sweep->has_failed = !done;
  Py_XDECREF(done);
  Py_XDECREF(piece);
}

static PyObject *sweep(Transaction *self, PyObject *body) {
  heddle_application *handle = open_handle(self);
  if (!handle) return NULL;
  Sweep context = {self->application, body, 0};
  self->application->is_busy = 1;
  const heddle_error error = heddle_sweep(handle, sweep_piece, &context);
  self->application->is_busy = 0;
  if (context.has_failed) return NULL;
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

/* A column for each member of the shape. */
static PyObject *field(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  heddle_shape shape;
  PyObject *members;
  if (!handle || !to_shape(argument, &shape, &members)) return NULL;
  heddle_columns columns;
  heddle_field_column column;
  heddle_error error = heddle_owned_rows(handle, &columns);
  if (!error) error = heddle_field(handle, &shape, &column);
  if (error) return raise_last(handle, error);
  return new_columns(owner_of(self), &shape, members, column.data, column.stride, columns.rows, 1);
}

static PyObject *presence(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  heddle_shape shape;
  PyObject *members;
  if (!handle || !to_shape(argument, &shape, &members)) return NULL;
  heddle_columns columns;
  heddle_field_column column;
  heddle_error error = heddle_owned_rows(handle, &columns);
  if (!error) error = heddle_field(handle, &shape, &column);
  if (error) return raise_last(handle, error);
  const Numbers numbers = {column.presence, "i", 4, columns.rows, 0, 4, 0};
  return new_memory(owner_of(self), &numbers);
}

static PyObject *stored(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  heddle_shape shape;
  PyObject *shape_argument, *members;
  unsigned int from, to;
  if (!handle || !PyArg_ParseTuple(arguments, "OII", &shape_argument, &from, &to) ||
      !to_shape(shape_argument, &shape, &members))
    return NULL;
  const heddle_error error = heddle_stored(handle, &shape, from, to);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *give(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  heddle_shape shape;
  PyObject *shape_argument, *members, *rows_argument;
  const void *rows;
  size_t count;
  if (!handle || !PyArg_ParseTuple(arguments, "OO", &shape_argument, &rows_argument) ||
      !to_shape(shape_argument, &shape, &members) ||
      !to_numbers(rows_argument, 4, &rows, &count))
    return NULL;
  const heddle_error error = heddle_give(handle, &shape, rows, count);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

static PyObject *take(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  PyObject *rows_argument;
  unsigned int index;
  const void *rows;
  size_t count;
  if (!handle || !PyArg_ParseTuple(arguments, "IO", &index, &rows_argument) ||
      !to_numbers(rows_argument, 4, &rows, &count))
    return NULL;
  const heddle_error error = heddle_take(handle, index, rows, count);
  if (error) return raise_last(handle, error);
  Py_RETURN_NONE;
}

PyMethodDef column_methods[] = {NO_ARGUMENTS("_owned_rows", owned_rows, NULL),
                                NO_ARGUMENTS("_owned_positions", owned_positions, NULL),
                                ONE_ARGUMENT("_owned_entity", owned_entity, NULL),
                                TUPLE("_create_entities", create_entities),
                                ONE_ARGUMENT("_delete_entities", delete_entities, NULL),
                                NO_ARGUMENTS("_tick_rows", tick_rows, NULL),
                                ONE_ARGUMENT("_rows_of", rows_of, NULL),
                                TUPLE("_moved", moved),
                                ONE_ARGUMENT("_touched", touched, NULL),
                                ONE_ARGUMENT("_sweep", sweep, NULL),
                                ONE_ARGUMENT("_field", field, NULL),
                                ONE_ARGUMENT("_presence", presence, NULL),
                                TUPLE("_stored", stored),
                                TUPLE("_give", give),
                                TUPLE("_take", take),
                                {NULL, NULL, 0, NULL}};
