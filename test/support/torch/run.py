"""Executes formulas: one JSON object per line in, one per line out. Arrays are float64, base64 of their bytes."""

import base64
import json
import sys
import traceback

import numpy
import torch


def decode(tensor):
    data = numpy.frombuffer(base64.b64decode(tensor["data"]), dtype=numpy.float64).reshape(tensor["shape"])
    array = data.astype({"f32": "float64", "i32": "int32", "u32": "int64", "bool": "bool"}[tensor["type"]])
    return torch.asarray(array)


def encode(x):
    array = numpy.asarray(x)
    return {"shape": list(array.shape), "data": base64.b64encode(array.astype(numpy.float64).tobytes()).decode()}


numpy.seterr(all="ignore")
for line in sys.stdin:
    job = json.loads(line)
    try:
        scope = {}
        exec(compile(job["text"], job["name"], "exec"), scope)
        given = [decode(t) for t in job["inputs"]]
        made = scope[job["function"]](*given, **job["numbers"])
        outputs = made if isinstance(made, tuple) else (made,)
        answer = {"outputs": [encode(x) for x in outputs]}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
