"""What formulas use of PyTorch, said with NumPy, so that they can be executed where PyTorch is not installed."""

import math
import types

import numpy

float16, float32, float64 = numpy.float16, numpy.float32, numpy.float64
int32, int64 = numpy.int32, numpy.int64
bool = numpy.bool_


class Tensor(numpy.ndarray):
    device = "cpu"


def _wrap(x):
    return numpy.asarray(x).view(Tensor)


def asarray(x, dtype=None, device=None):
    return _wrap(numpy.asarray(x).astype(dtype) if dtype is not None else numpy.asarray(x))


def arange(n, dtype=None, device=None):
    return _wrap(numpy.arange(n, dtype=dtype))


def full(shape, value, dtype=None, device=None):
    return _wrap(numpy.full(shape, value, dtype=dtype))


def zeros_like(x, dtype=None):
    return _wrap(numpy.zeros_like(x, dtype=dtype))


def where(c, a, b):
    # Numbers take the type of the tensor beside them, as in PyTorch.
    if isinstance(a, numpy.ndarray) and not isinstance(b, numpy.ndarray):
        b = numpy.asarray(b, dtype=a.dtype) if _fits(b, a.dtype) else b
    elif isinstance(b, numpy.ndarray) and not isinstance(a, numpy.ndarray):
        a = numpy.asarray(a, dtype=b.dtype) if _fits(a, b.dtype) else a
    return _wrap(numpy.where(c, a, b))


def _fits(number, dtype):
    return not (isinstance(number, float) and numpy.issubdtype(dtype, numpy.integer))


def clamp(x, min=None, max=None):
    if min is not None and max is not None:
        return _wrap(numpy.minimum(numpy.maximum(x, min), max))
    return _wrap(numpy.maximum(x, min) if min is not None else numpy.minimum(x, max))


def einsum(formula, *tensors):
    # NumPy sums three and more operands by nested loops unless it may choose an order.
    return _wrap(numpy.einsum(formula, *tensors, optimize=len(tensors) > 2))


def sum(x, dim, dtype=None):
    return _wrap(numpy.sum(x, axis=dim, dtype=dtype))


def amax(x, dim):
    return _wrap(numpy.amax(x, axis=dim))


def amin(x, dim):
    return _wrap(numpy.amin(x, axis=dim))


def any(x, dim):
    return _wrap(numpy.any(x, axis=dim))


def all(x, dim):
    return _wrap(numpy.all(x, axis=dim))


def logsumexp(x, dim):
    top = numpy.amax(x, axis=dim, keepdims=True)
    safe = numpy.where(numpy.isfinite(top), top, 0)
    with numpy.errstate(divide="ignore"):
        total = numpy.log(numpy.sum(numpy.exp(x - safe), axis=dim, keepdims=True)) + safe
    return _wrap(numpy.squeeze(total, axis=dim))


def stack(tensors, dim):
    return _wrap(numpy.stack(tensors, axis=dim))


def permute(x, dims):
    return _wrap(numpy.transpose(x, dims))


def reshape(x, shape):
    return _wrap(numpy.reshape(x, shape))


def broadcast_to(x, shape):
    return _wrap(numpy.broadcast_to(x, shape))


def broadcast_shapes(*shapes):
    return numpy.broadcast_shapes(*shapes)


def take_along_dim(x, indices, dim):
    return _wrap(numpy.take_along_axis(x, indices, dim))


def cumsum(x, dim):
    return _wrap(numpy.cumsum(x, axis=dim))


def rsqrt(x):
    return _wrap(1 / numpy.sqrt(x))


def erf(x):
    return _wrap(numpy.vectorize(math.erf, otypes=[numpy.float64])(x))


for _own, _numpy in {
    **{name: name for name in "abs floor ceil sqrt exp exp2 log log2 log1p tanh sin cos trunc isnan minimum maximum".split()},
    "round": "rint",
}.items():
    globals()[_own] = (lambda f: lambda *xs: _wrap(f(*xs)))(getattr(numpy, _numpy))

bfloat16 = types.SimpleNamespace()
