/* What is near, and what subscriptions cover: columns of other apps on the fabric, and copies of
 * what libheddle puts together. heddle/nearby.py is their face, and documents it. Owns nothing. */

#include "binding.h"

/* A member of heddle_neighbour, as a column on a copy of the list. */
#define OF_NEIGHBOUR(copy, member, format, bytes, width)                                  \
  (Numbers){PyByteArray_AsString(copy) + offsetof(heddle_neighbour, member), format, bytes, \
            (Py_ssize_t)count, width, sizeof(heddle_neighbour), 1}

/* count, ids, types, positions, partitions, rows */
static PyObject *neighbours(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  float x, y, radius;
  if (!handle || !PyArg_ParseTuple(arguments, "fff", &x, &y, &radius)) return NULL;
  const heddle_neighbour *found;
  size_t count;
  const heddle_error error = heddle_neighbours(handle, x, y, radius, &found, &count);
  if (error) return raise_last(handle, error);
  PyObject *copy = PyByteArray_FromStringAndSize((const char *)found,
                                                 (Py_ssize_t)(count * sizeof *found));
  if (!copy) return NULL;
  const Numbers ids = OF_NEIGHBOUR(copy, entity.id, "Q", 8, 0);
  const Numbers types = OF_NEIGHBOUR(copy, entity.type, "I", 4, 0);
  const Numbers positions = OF_NEIGHBOUR(copy, position, "f", 4, 3);
  const Numbers partitions = OF_NEIGHBOUR(copy, entity.partition, "I", 4, 0);
  const Numbers rows = OF_NEIGHBOUR(copy, entity.row, "I", 4, 0);
  PyObject *answer = Py_BuildValue("(nNNNNN)", (Py_ssize_t)count, new_memory(copy, &ids),
                                   new_memory(copy, &types), new_memory(copy, &positions),
                                   new_memory(copy, &partitions), new_memory(copy, &rows));
  Py_DECREF(copy);
  return answer;
}

/* partition, rows of entities in the box, their x, y; then the columns: rows, ids, types, states,
 * positions */
static PyObject *new_covered(PyObject *owner, const heddle_covered *covered) {
  const Py_ssize_t count = covered->count, rows = covered->rows, stride = sizeof(heddle_place);
  PyObject *places = PyByteArray_FromStringAndSize((const char *)covered->places, count * stride);
  if (!places) return NULL;
  const char *first = PyByteArray_AsString(places);
  const Numbers place_rows = {first + offsetof(heddle_place, row), "I", 4, count, 0, stride, 1};
  const Numbers x = {first + offsetof(heddle_place, x), "f", 4, count, 0, stride, 1};
  const Numbers y = {first + offsetof(heddle_place, y), "f", 4, count, 0, stride, 1};
  const Numbers ids = {covered->ids, "d", 8, rows, 0, 8, 0};
  const Numbers types = {covered->types, "I", 4, rows, 0, 4, 0};
  const Numbers states = {covered->states, "B", 1, rows, 0, 1, 0};
  const Numbers positions = {covered->positions, "f", 4, rows, 3, 12, 0};
  PyObject *answer =
      Py_BuildValue("(INNNnNNNN)", covered->partition, new_memory(places, &place_rows),
                    new_memory(places, &x), new_memory(places, &y), rows, new_memory(owner, &ids),
                    new_memory(owner, &types), new_memory(owner, &states),
                    new_memory(owner, &positions));
  Py_DECREF(places);
  return answer;
}

static PyObject *covered(Transaction *self, PyObject *argument) {
  heddle_application *handle = open_handle(self);
  uint32_t subscription;
  if (!handle || !to_u32(argument, "a subscription", &subscription)) return NULL;
  const heddle_covered *partitions;
  size_t count;
  const heddle_error error = heddle_covered_columns(handle, subscription, &partitions, &count);
  if (error) return raise_last(handle, error);
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t place = 0; list && place < count; place++) {
    PyObject *one = new_covered((PyObject *)self->application, &partitions[place]);
    if (!one) Py_CLEAR(list);
    else PyList_SetItem(list, (Py_ssize_t)place, one);
  }
  return list;
}

/* The field's columns and its presence; None where nobody there has it. */
static PyObject *covered_field(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  heddle_shape shape;
  PyObject *shape_argument, *members;
  unsigned int partition, rows;
  if (!handle || !PyArg_ParseTuple(arguments, "IIO", &partition, &rows, &shape_argument) ||
      !to_shape(shape_argument, &shape, &members))
    return NULL;
  heddle_field_view view;
  const heddle_error error = heddle_covered_field(handle, partition, &shape, &view);
  if (error) return raise_last(handle, error);
  if (!view.data) Py_RETURN_NONE;
  PyObject *owner = (PyObject *)self->application;
  const Numbers presence = {view.presence, "i", 4, rows, 0, 4, 0};
  return Py_BuildValue("(NN)", new_columns(owner, &shape, members, view.data, view.stride, rows, 0),
                       new_memory(owner, &presence));
}

/* own_rows, count, ids, types, positions, starts, list */
static PyObject *take_neighbourhood(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  float radius;
  int with_list;
  if (!handle || !PyArg_ParseTuple(arguments, "fp", &radius, &with_list)) return NULL;
  heddle_neighbourhood n;
  const heddle_error error = heddle_take_neighbourhood(handle, radius, with_list, &n);
  if (error) return raise_last(handle, error);
  PyObject *starts = NULL, *list = NULL;
  if (n.starts) {
    starts = new_copy(n.starts, "I", 4, (Py_ssize_t)n.own_rows + 1, 0);
    list = new_copy(n.list, "I", 4, n.starts[n.own_rows], 0);
  } else {
    starts = (Py_INCREF(Py_None), Py_None);
    list = (Py_INCREF(Py_None), Py_None);
  }
  return Py_BuildValue("(IINNNNN)", n.own_rows, n.count, new_copy(n.ids, "d", 8, n.count, 0),
                       new_copy(n.types, "I", 4, n.count, 0),
                       new_copy(n.positions, "f", 4, n.count, 3), starts, list);
}

static PyObject *neighbourhood_field(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  heddle_shape shape;
  PyObject *shape_argument, *members;
  unsigned int count;
  if (!handle || !PyArg_ParseTuple(arguments, "IO", &count, &shape_argument) ||
      !to_shape(shape_argument, &shape, &members))
    return NULL;
  heddle_field_view view;
  const heddle_error error = heddle_neighbourhood_field(handle, &shape, &view);
  if (error) return raise_last(handle, error);
  PyObject *copy = PyByteArray_FromStringAndSize((const char *)view.data,
                                                 (Py_ssize_t)count * (Py_ssize_t)view.stride);
  if (!copy) return NULL;
  PyObject *columns =
      new_columns(copy, &shape, members, PyByteArray_AsString(copy), view.stride, count, 1);
  Py_DECREF(copy);
  return columns;
}

static PyObject *neighbourhood_at(Transaction *self, PyObject *arguments) {
  heddle_application *handle = open_handle(self);
  float x, y, radius;
  if (!handle || !PyArg_ParseTuple(arguments, "fff", &x, &y, &radius)) return NULL;
  const uint32_t *entries;
  size_t count;
  const heddle_error error = heddle_neighbourhood_at(handle, x, y, radius, &entries, &count);
  return error ? raise_last(handle, error) : new_copy(entries, "I", 4, (Py_ssize_t)count, 0);
}

PyMethodDef nearby_methods[] = {TUPLE("_neighbours", neighbours),
                                ONE_ARGUMENT("_covered", covered, NULL),
                                TUPLE("_covered_field", covered_field),
                                TUPLE("_take_neighbourhood", take_neighbourhood),
                                TUPLE("_neighbourhood_field", neighbourhood_field),
                                TUPLE("_neighbourhood_at", neighbourhood_at),
                                {NULL, NULL, 0, NULL}};
