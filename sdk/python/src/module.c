/* The module heddle._native: its types, put together. */

#include "binding.h"

PyTypeObject *add_type(PyObject *module, PyType_Spec *spec, const char *name) {
  PyObject *type = PyType_FromSpec(spec);
  if (!type) return NULL;
  Py_INCREF(type); /* The module has one reference, the caller another. */
  if (PyModule_AddObject(module, name, type) == 0) return (PyTypeObject *)type;
  Py_DECREF(type);
  Py_DECREF(type);
  return NULL;
}

PyObject *refuse_new(PyTypeObject *type, PyObject *arguments, PyObject *named) {
  (void)type, (void)arguments, (void)named;
  PyErr_SetString(PyExc_TypeError, "only an application makes objects of this class");
  return NULL;
}

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "heddle._native",
    .m_doc = "libheddle for Python. Private: programs import heddle.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__native(void) {
  PyObject *module = PyModule_Create(&definition);
  if (!module) return NULL;
  if (add_entity(module) && add_memory(module) && add_application(module) &&
      add_transaction(module))
    return module;
  Py_DECREF(module);
  return NULL;
}
