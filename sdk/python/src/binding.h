/* The extension module heddle._native: libheddle for Python, in the limited API of Python 3.9, so
 * that one file serves 3.9 and all later ones.
 *
 * This header owns what the parts share. The parts convert arguments and answers; libheddle decides
 * everything else. Nothing here is public: programs import `heddle`. */
#ifndef HEDDLE_PYTHON_BINDING_H
#define HEDDLE_PYTHON_BINDING_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x03090000
#endif
#include <Python.h>
#include <heddle.h>

/* In the limited API from 3.10 on; the value and its meaning are the same in 3.9. */
#ifndef METH_FASTCALL
#define METH_FASTCALL 0x0080
#endif

/* In the limited API from 3.11 on; the structure and the functions are the same in 3.9 and 3.10. */
#ifndef PyBUF_WRITABLE
typedef struct {
  void *buf;
  PyObject *obj;
  Py_ssize_t len;
  Py_ssize_t itemsize;
  int readonly;
  int ndim;
  char *format;
  Py_ssize_t *shape;
  Py_ssize_t *strides;
  Py_ssize_t *suboffsets;
  void *internal;
} Py_buffer;
#define PyBUF_WRITABLE 0x0001
#define PyBUF_FORMAT 0x0004
#define PyBUF_ND 0x0008
#define PyBUF_STRIDES (0x0010 | PyBUF_ND)
#define Py_bf_getbuffer 1
#endif

typedef struct {
  PyObject_HEAD
  heddle_entity handle;
} Entity;

typedef struct {
  PyObject_HEAD
  /* Null once it is destroyed. */
  heddle_application *handle;
  /* One that is destroyed and runs alone: its memory lasts as long as arrays on it. */
  heddle_application *kept;
  char is_alone;
  PyTypeObject *entity_class, *transaction_class;
  /* Updates that were begun; the number of the open one. */
  unsigned long long updates;
  char is_open;
  /* A call that lets other Python code run is under way. */
  char is_busy;
} Application;

typedef struct {
  PyObject_HEAD
  Application *application;
  unsigned long long update, tick;
} Transaction;

/* Numbers on the fabric's memory, as an exporter of buffers. */
typedef struct {
  const void *data;
  /* One letter of the module `struct`. */
  const char *format;
  Py_ssize_t item_bytes;
  Py_ssize_t rows;
  /* Numbers a row, and bytes from one row to the next. With 0, a row is a number. */
  Py_ssize_t width, stride;
  int is_writable;
} Numbers;

extern PyTypeObject *entity_type, *change_type, *message_type;

/* --- failures: each sets the exception and returns null */

PyObject *raise_error(heddle_error code, const char *message);
/* The last refusal of an application, or of its creation (null). */
PyObject *raise_last(const heddle_application *handle, heddle_error code);
PyObject *wrong_count(const char *call, const char *expected);

/* --- arguments: each returns 0, with an exception set, where the argument is not of its kind */

int to_u32(PyObject *argument, const char *name, uint32_t *value);
int to_float(PyObject *argument, const char *name, float *value);
int to_floats(PyObject *argument, const char *name, int count, float *values);
/* A name, or an index. */
int to_domain(heddle_application *handle, PyObject *argument, uint32_t *domain);
/* Bytes, what holds bytes, or whole numbers from 0 to 255. Drop the owner afterwards. */
int to_bytes(PyObject *argument, const char **data, size_t *bytes, PyObject **owner);
heddle_entity *to_entity(PyObject *argument);
/* A tuple as heddle/fields.py makes them; `members` is borrowed from it. */
int to_shape(PyObject *argument, heddle_shape *shape, PyObject **members);
/* The bytes of numbers of 32 or 64 bits each; borrowed from the argument. */
int to_numbers(PyObject *argument, size_t item_bytes, const void **numbers, size_t *count);

/* --- answers */

PyObject *new_entity(const Application *application, const heddle_entity *handle);
PyObject *new_changes(const Application *application, const heddle_change *changes, size_t count);
PyObject *new_position(const float *position);
/* What keeps the memory: the application, or an object that holds a copy. */
PyObject *new_memory(PyObject *owner, const Numbers *numbers);
/* A copy of numbers side by side, which stays good. */
PyObject *new_copy(const void *data, const char *format, Py_ssize_t item_bytes, Py_ssize_t rows,
                   Py_ssize_t width);
/* One column for each member of a shape, on rows of `stride` bytes. */
PyObject *new_columns(PyObject *owner, const heddle_shape *shape, PyObject *members,
                      const void *data, uint32_t stride, uint32_t rows, int is_writable);

/* The application's handle; null, with an exception, where it is destroyed or busy. */
heddle_application *handle_of(Application *application);
/* The same for a transaction, which must be the open one. */
heddle_application *open_handle(Transaction *transaction);

/* --- types: each adds its own to the module */

typedef PyObject *(*fast_method)(PyObject *, PyObject *const *, Py_ssize_t);
#define FAST(name, function, text) \
  { name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL, text }
#define NO_ARGUMENTS(name, function, text) { name, (PyCFunction)(function), METH_NOARGS, text }
#define TUPLE(name, function) { name, (PyCFunction)(function), METH_VARARGS, NULL }
#define ONE_ARGUMENT(name, function, text) { name, (PyCFunction)(function), METH_O, text }

PyTypeObject *add_type(PyObject *module, PyType_Spec *spec, const char *name);
int add_entity(PyObject *module);
int add_memory(PyObject *module);
int add_application(PyObject *module);
int add_transaction(PyObject *module);
/* Frees an object of a type that this module made. */
void free_object(PyObject *object);

/* Of a type whose objects only this module makes. */
PyObject *refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *named);

/* Methods of a transaction that stand in a part of their own. */
extern PyMethodDef column_methods[], nearby_methods[], others_methods[];

#endif
