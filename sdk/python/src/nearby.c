/* What is near, as copies of what libheddle puts together. heddle/nearby.py is its face, and
 * documents it. Owns nothing. */

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

PyMethodDef nearby_methods[] = {TUPLE("_neighbours", neighbours), {NULL, NULL, 0, NULL}};
