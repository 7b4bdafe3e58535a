#pragma once
struct PyObject {};
struct PyModuleDef_Base {};
struct PyModuleDef {
  PyModuleDef_Base base;
  const char* name;
  const char* doc;
  long size;
  void *methods, *slots, *traverse, *clear, *free;
};
#define PyModuleDef_HEAD_INIT {}
PyObject* PyModule_Create(PyModuleDef*);
