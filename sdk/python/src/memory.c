/* The fabric's memory as buffers: numbers of one kind, with one or two axes. numpy and memoryview
 * take them without a copy. Owns the exporter, which keeps what the memory belongs to; never
 * decides how long numbers are good. */

#include "binding.h"

static PyTypeObject *memory_type;

typedef struct {
  PyObject_HEAD
  PyObject *owner;
  Numbers numbers;
  Py_ssize_t shape[2], strides[2];
} Memory;

/* What a buffer without rows points to. */
static double nothing;

PyObject *new_memory(PyObject *owner, const Numbers *numbers) {
  Memory *memory = (Memory *)PyType_GenericAlloc(memory_type, 0);
  if (!memory) return NULL;
  Py_INCREF(owner);
  memory->owner = owner;
  memory->numbers = *numbers;
  if (!memory->numbers.data) memory->numbers.data = &nothing;
  memory->shape[0] = numbers->rows;
  memory->shape[1] = numbers->width;
  memory->strides[0] = numbers->stride;
  memory->strides[1] = numbers->item_bytes;
  return (PyObject *)memory;
}

PyObject *new_copy(const void *data, const char *format, Py_ssize_t item_bytes, Py_ssize_t rows,
                   Py_ssize_t width) {
  const Py_ssize_t stride = item_bytes * (width > 0 ? width : 1);
  PyObject *copy = PyByteArray_FromStringAndSize(data, stride * rows);
  if (!copy) return NULL;
  const Numbers numbers = {PyByteArray_AsString(copy), format, item_bytes, rows, width, stride, 1};
  PyObject *memory = new_memory(copy, &numbers);
  Py_DECREF(copy);
  return memory;
}

PyObject *new_columns(PyObject *owner, const heddle_shape *shape, PyObject *members,
                      const void *data, uint32_t stride, uint32_t rows, int is_writable) {
  if (data && (stride % shape->align_bytes != 0 || stride < shape->bytes)) {
    char message[160];
    PyOS_snprintf(message, sizeof message,
                  "InvalidState: field %u is kept with %u bytes a row there, which does not suit "
                  "its shape: was data of another shape stored in it?",
                  shape->index, stride);
    return raise_error(HEDDLE_INVALID_STATE, message);
  }
  const Py_ssize_t count = PyTuple_Size(members);
  PyObject *columns = PyTuple_New(count);
  for (Py_ssize_t place = 0; columns && place < count; place++) {
    Numbers numbers = {NULL, NULL, 0, rows, 0, stride, is_writable};
    Py_ssize_t offset;
    PyObject *member = PyTuple_GetItem(members, place);
    PyObject *column = NULL;
    if (PyArg_ParseTuple(member, "snnn", &numbers.format, &numbers.item_bytes, &numbers.width,
                         &offset)) {
      if (data) numbers.data = (const char *)data + offset;
      column = new_memory(owner, &numbers);
    }
    if (!column) Py_CLEAR(columns);
    else PyTuple_SetItem(columns, place, column);
  }
  return columns;
}

static int memory_buffer(Memory *self, Py_buffer *view, int flags) {
  const Numbers *numbers = &self->numbers;
  const Py_ssize_t width = numbers->width > 0 ? numbers->width : 1;
  const int is_contiguous = numbers->stride == width * numbers->item_bytes;
  const char *refused = NULL;
  if ((flags & PyBUF_WRITABLE) && !numbers->is_writable) refused = "these numbers are read-only";
  if (!is_contiguous && (flags & PyBUF_STRIDES) != PyBUF_STRIDES)
    refused = "these numbers do not lie side by side";
  view->obj = NULL;
  if (refused) {
    PyErr_SetString(PyExc_BufferError, refused);
    return -1;
  }
  view->buf = (void *)numbers->data;
  view->len = numbers->rows * width * numbers->item_bytes;
  view->itemsize = numbers->item_bytes;
  view->readonly = !numbers->is_writable;
  view->ndim = numbers->width > 0 ? 2 : 1;
  view->format = flags & PyBUF_FORMAT ? (char *)numbers->format : NULL;
  view->shape = flags & PyBUF_ND ? self->shape : NULL;
  view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? self->strides : NULL;
  view->suboffsets = NULL;
  view->internal = NULL;
  Py_INCREF(self);
  view->obj = (PyObject *)self;
  return 0;
}

static void memory_free(Memory *self) {
  Py_XDECREF(self->owner);
  free_object((PyObject *)self);
}

static PyType_Slot memory_slots[] = {{Py_tp_new, refuse_new},
                                     {Py_tp_dealloc, memory_free},
                                     {Py_bf_getbuffer, memory_buffer},
                                     {0, NULL}};

static PyType_Spec memory_spec = {"heddle._native.Memory", sizeof(Memory), 0, Py_TPFLAGS_DEFAULT,
                                  memory_slots};

int add_memory(PyObject *module) {
  memory_type = add_type(module, &memory_spec, "Memory");
  return memory_type != NULL;
}
