/* Reading CPython's objects where the public API would run code, raise or allocate.
 *
 * Model. Dict lookups and instance attributes come straight from the hash tables and value arrays, so that looking at an
 * object changes nothing about it: no instance dict is made, no exception object, no reference count moves.
 *
 * Requirements
 *  1. Results are borrowed and end with the next Python code that runs.
 *  2. No function here runs user code. A key whose comparison would (equal hash, type not built in) is "unknown".
 *  3. Layout differences between CPython versions are selected by feature macros in objects.c, nowhere else.
 */
#pragma once

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum SegueLookup { SEGUE_FOUND = 1, SEGUE_ABSENT = 0, SEGUE_UNKNOWN = -1 } SegueLookup;

/* dict[key] of a dict (or a dict subclass's own table). `key` is one by segue_is_key. */
SegueLookup segue_dict_get(PyObject* dict, PyObject* key, PyObject** value);

/* What the instance itself stores under `name` (an interned str): inline values or instance dict. `hint` is
 * segue_attr_hint's answer for its type, or -1. Slots, properties and class attributes are not consulted. */
SegueLookup segue_instance_attr(PyObject* object, PyObject* name, Py_ssize_t hint, PyObject** value);
/* The index of `name` in the type's shared keys now, or -1. Shared keys only grow, so it stays right once it is. */
Py_ssize_t segue_attr_hint(PyTypeObject* type, PyObject* name);

/* object.__dict__ as a borrowed dict, made when CPython has not made it yet; NULL when the object has none (no exception
 * set). Does not let the garbage collector run. */
PyObject* segue_instance_dict(PyObject* object);
/* The same if CPython has made it already, else NULL: then nobody but the object itself can reach its attributes. */
PyObject* segue_made_dict(PyObject* object);

/* Iterates a set or frozenset in its own order, as PyDict_Next does. */
bool segue_set_next(PyObject* set, Py_ssize_t* position, PyObject** element);

/* What a range iterator goes on with: the next number, the step, and how many numbers are left. False for other objects, and
 * for a layout that is not known. */
bool segue_range_iterator(PyObject* iterator, int64_t* next, int64_t* step, int64_t* left);
/* Moves such an iterator on by `count` numbers, of which it has as many left, or back (negative). */
void segue_range_iterator_move(PyObject* iterator, int64_t count);

/* A generator, coroutine or asynchronous generator that has ended: its death runs nothing. */
bool segue_generator_has_ended(PyObject* object);

/* True for None, bool, int, float, complex, str, bytes, Ellipsis and tuples or frozensets of these, exact types: hashing
 * and comparing two of them runs no user code. */
bool segue_is_constant(PyObject* object);

/* True for constants, and for objects that are equal to themselves alone and hash in C code: classes, functions, plain
 * instances, members of an Enum. Looking one up in a dict runs no user code. */
bool segue_is_key(PyObject* object);
/* The same, and CPython's own hash of the object is C code too (not so for members of an Enum). */
bool segue_hashes_in_c(PyObject* object);

/* Tells tracemalloc of memory that was allocated. (Before 3.13 CPython declares PyTraceMalloc_Track for C only.) */
void segue_trace_memory(unsigned domain, void* data, size_t bytes);

#ifdef __cplusplus
}
#endif
