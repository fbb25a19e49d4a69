/* From Python's objects to numbers, bytes and handles, and the exceptions for what is neither. Owns
 * no object but the class of errors. */

#include "binding.h"

PyObject *raise_error(heddle_error code, const char *message) {
  PyObject *errors = PyImport_ImportModule("heddle.errors");
  if (!errors) return NULL;
  PyObject *error = PyObject_CallMethod(errors, "error_of", "is", (int)code, message);
  Py_DECREF(errors);
  if (!error) return NULL;
  PyErr_SetObject((PyObject *)Py_TYPE(error), error);
  Py_DECREF(error);
  return NULL;
}

PyObject *raise_last(const heddle_application *handle, heddle_error code) {
  return raise_error(code, heddle_last_error_message(handle));
}

PyObject *wrong_count(const char *call, const char *expected) {
  return PyErr_Format(PyExc_TypeError, "%s takes %s", call, expected);
}

int to_u32(PyObject *argument, const char *name, uint32_t *value) {
  PyObject *number = NULL;
  if (!PyLong_Check(argument)) {
    number = PyNumber_Index(argument);
    if (!number) {
      PyErr_Format(PyExc_TypeError, "%s must be a whole number, not %R", name, argument);
      return 0;
    }
    argument = number;
  }
  int overflow = 0;
  const long long wide = PyLong_AsLongLongAndOverflow(argument, &overflow);
  int is_fine = !overflow && wide >= 0 && wide <= UINT32_MAX;
  if (is_fine) {
    *value = (uint32_t)wide;
  } else {
    PyObject *text = PyUnicode_FromFormat(
        "InvalidArgument: %s is a whole number from 0 to 4294967295, not %R", name, argument);
    PyObject *bytes = text ? PyUnicode_AsUTF8String(text) : NULL;
    if (bytes) raise_error(HEDDLE_INVALID_ARGUMENT, PyBytes_AsString(bytes));
    Py_XDECREF(text);
    Py_XDECREF(bytes);
  }
  Py_XDECREF(number);
  return is_fine;
}

int to_float(PyObject *argument, const char *name, float *value) {
  const double number = PyFloat_AsDouble(argument);
  if (number == -1.0 && PyErr_Occurred()) {
    if (PyErr_ExceptionMatches(PyExc_TypeError))
      PyErr_Format(PyExc_TypeError, "%s must be a number, not %R", name, argument);
    return 0;
  }
  *value = (float)number;
  return 1;
}

int to_floats(PyObject *argument, const char *name, int count, float *values) {
  PyObject *tuple = PyTuple_Check(argument) ? (Py_INCREF(argument), argument)
                                            : PySequence_Tuple(argument);
  int is_fine = tuple && PyTuple_Size(tuple) == count;
  if (!is_fine) {
    PyErr_Format(PyExc_TypeError, "%s must be %d numbers, not %R", name, count, argument);
  }
  for (int place = 0; is_fine && place < count; place++)
    is_fine = to_float(PyTuple_GetItem(tuple, place), name, &values[place]);
  Py_XDECREF(tuple);
  return is_fine;
}

int to_domain(heddle_application *handle, PyObject *argument, uint32_t *domain) {
  if (!PyUnicode_Check(argument)) return to_u32(argument, "a domain", domain);
  PyObject *name = PyUnicode_AsUTF8String(argument);
  if (!name) return 0;
  const heddle_error error = heddle_domain_by_name(handle, PyBytes_AsString(name), domain);
  Py_DECREF(name);
  if (error) raise_last(handle, error);
  return !error;
}

int to_bytes(PyObject *argument, const char **data, size_t *bytes, PyObject **owner) {
  if (PyUnicode_Check(argument)) {
    PyErr_SetString(PyExc_TypeError, "data must be bytes, not str: encode it");
    return 0;
  }
  *owner = PyBytes_Check(argument) ? (Py_INCREF(argument), argument) : PyBytes_FromObject(argument);
  if (!*owner) return 0;
  char *content = NULL;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(*owner, &content, &size) != 0) {
    Py_CLEAR(*owner);
    return 0;
  }
  *data = content;
  *bytes = (size_t)size;
  return 1;
}

heddle_entity *to_entity(PyObject *argument) {
  if (Py_TYPE(argument) == entity_type || PyObject_TypeCheck(argument, entity_type))
    return &((Entity *)argument)->handle;
  PyErr_Format(PyExc_TypeError, "expected an Entity, not %R", argument);
  return NULL;
}

int to_shape(PyObject *argument, heddle_shape *shape, PyObject **members) {
  return PyTuple_Check(argument) &&
         PyArg_ParseTuple(argument, "IIIIyO!", &shape->index, &shape->type_id, &shape->bytes,
                          &shape->align_bytes, &shape->declaration, &PyTuple_Type, members);
}

int to_numbers(PyObject *argument, size_t item_bytes, const void **numbers, size_t *count) {
  char *content;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(argument, &content, &size) != 0) return 0;
  *numbers = content;
  *count = (size_t)size / item_bytes;
  return 1;
}
