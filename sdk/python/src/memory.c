/* The fabric's memory as buffers: numbers of one kind, with one or two axes. numpy and memoryview
 * take them without a copy. Owns the exporter, which keeps its application's memory; never decides
 * how long numbers are good. */

#include "binding.h"

static PyTypeObject *memory_type;

typedef struct {
  PyObject_HEAD
  Application *application;
  Numbers numbers;
  Py_ssize_t shape[2], strides[2];
} Memory;

/* What a buffer without rows points to. */
static double nothing;

PyObject *new_memory(Application *application, const Numbers *numbers) {
  Memory *memory = (Memory *)PyType_GenericAlloc(memory_type, 0);
  if (!memory) return NULL;
  Py_INCREF(application);
  memory->application = application;
  memory->numbers = *numbers;
  if (!memory->numbers.data) memory->numbers.data = &nothing;
  memory->shape[0] = numbers->rows;
  memory->shape[1] = numbers->width;
  memory->strides[0] = numbers->stride;
  memory->strides[1] = numbers->item_bytes;
  return (PyObject *)memory;
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
  Py_XDECREF(self->application);
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
