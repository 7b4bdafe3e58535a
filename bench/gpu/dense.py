#!/usr/bin/env python3
"""Dense attention as emitted CUDA C++, beside PyTorch's own kernels, on the CUDA machine that this runs on.

For each size and mask: the spec is compiled by attnc and built by nvcc into a library, its result is compared with float64
(numpy) on sampled rows, and then it takes turns with scaled_dot_product_attention (flash, cuDNN, memory-efficient) and a
compiled FlexAttention on the same tensors. Every peer is compared with float64 as well before it is timed. Prints a table;
`--json FILE` writes the rows of `npm run bench`, named like `cuda/dense/8192/causal`.

    python3 bench/gpu/dense.py --sizes 4096,8192 --only causal --json figures.json

Needs PyTorch with a GPU, numpy, nvcc and Node; without torch or a GPU it says so in a line and ends. Where the GPU's machine has no
Node, sources are emitted on another one, by the same options, and taken along:

    python3 bench/gpu/dense.py --sizes 4096,8192 --arch sm_90a --emit sources
    python3 bench/gpu/dense.py --sizes 4096,8192 --arch sm_90a --emitted sources
"""
import argparse
import ctypes
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECS = {"full": "sdpa", "causal": "causal"}
# One rounding of the result and one of each weight, as in src/cli/compare.ts: 5 units of the format.
ALLOWED = {"bf16": 5 * 2.0**-8, "f16": 5 * 2.0**-11}
MOST_SAMPLES = 24
C_TYPES = {"int64_t": ctypes.c_int64, "int32_t": ctypes.c_int32, "float": ctypes.c_float, "size_t": ctypes.c_size_t}


def skip(why):
    print(f"bench/gpu: skipped, {why}")
    sys.exit(0)


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--sizes", default="1024,4096,8192", help="positions, separated by commas")
    p.add_argument("--heads", type=int, default=16)
    p.add_argument("--width", type=int, default=128, help="of queries, keys and values")
    p.add_argument("--storage", choices=sorted(ALLOWED), default="bf16")
    p.add_argument("--only", default="", help="rows whose name matches this regular expression")
    p.add_argument("--rounds", type=int, default=20)
    p.add_argument("--arch", help="for nvcc; by default that of the GPU, such as sm_90a")
    p.add_argument("--json", help="write all rows there")
    sources = p.add_mutually_exclusive_group()
    sources.add_argument("--emit", metavar="FOLDER", help="write the sources there and end; needs only Node")
    sources.add_argument("--emitted", metavar="FOLDER", help="take the sources from there; needs no Node")
    return p.parse_args()


def attnc(*args):
    """Runs the compiler of this checkout and gives what it prints."""
    done = subprocess.run(
        ["node", str(ROOT / "src/cli/attnc.mjs"), *args], capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode != 0:
        raise RuntimeError(f"attnc {' '.join(args)}: {done.stderr or done.stdout}")
    return done.stdout


def spec_flags(o):
    sizes = [x for name in "DE" for x in ("--set", f"{name}={o.width}")]
    storage = [x for name in "qkvy" for x in ("--storage", f"{name}={o.storage}")]
    return [*sizes, *storage, "--target", "cuda"]


def struct_of(header, kernel):
    """The arguments of a launch, as the generated header declares them."""
    body = re.search(rf"typedef struct {kernel}_args {{(.*?)}}", header, re.S).group(1)
    fields = []
    for kind, name in re.findall(r"^\s*(?:const )?([a-z0-9_]+\*?) (\w+);", body, re.M):
        fields.append((name, ctypes.c_void_p if kind == "void*" else C_TYPES[kind]))
    return type("Args", (ctypes.Structure,), {"_fields_": fields})


def made_by(o):
    """What emitted sources depend on, and the limits beside them."""
    return {"heads": o.heads, "width": o.width, "storage": o.storage}


def sizes_of(o):
    return [int(n) for n in o.sizes.split(",")]


def emit(o):
    """Sources of all specs, and what the cost model says of each size."""
    folder = pathlib.Path(o.emit)
    folder.mkdir(parents=True, exist_ok=True)
    limits = {}
    for spec in SPECS.values():
        attnc("compile", f"examples/{spec}.attn", *spec_flags(o), "--out", str(folder))
        limits[spec] = {str(n): limit_of(o, spec, n) for n in sizes_of(o)}
    about = {**made_by(o), "limits": limits}
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n")
    print(f"wrote {folder}")


def emitted(o):
    """What is said of the sources in the folder, which must be those of the same options."""
    about = json.loads((pathlib.Path(o.emitted) / "about.json").read_text())
    for name, value in made_by(o).items():
        if about[name] != value:
            sys.exit(f"bench/gpu: {o.emitted} was emitted for {name} {about[name]}, not {value}")
    return about


class Ours:
    """A spec compiled by attnc and nvcc, launched on PyTorch's stream."""

    def __init__(self, spec, o, arch, folder):
        kernel = spec
        sources = pathlib.Path(o.emitted) if o.emitted else folder
        if not o.emitted:
            attnc("compile", f"examples/{spec}.attn", *spec_flags(o), "--out", str(folder))
        library = folder / f"{kernel}.so"
        source = str(sources / f"{kernel}.cu")
        flags = ["-O3", "-std=c++17", f"-arch={arch}", "-shared", "-Xcompiler", "-fPIC"]
        subprocess.run(["nvcc", *flags, source, "-o", str(library)], check=True)
        self.args_type = struct_of((sources / f"{kernel}.h").read_text(), kernel)
        loaded = ctypes.CDLL(str(library))
        self.launch = getattr(loaded, f"{kernel}_launch")
        self.bytes = getattr(loaded, f"{kernel}_workspace_bytes")
        self.bytes.restype = ctypes.c_size_t
        self.launch.argtypes = [ctypes.POINTER(self.args_type), ctypes.c_void_p]
        self.bytes.argtypes = [ctypes.POINTER(self.args_type)]

    def bind(self, torch, q, k, v):
        """A function that computes the result for these tensors anew each time."""
        y = torch.full_like(q, float("nan"))
        a = self.args_type()
        for name, tensor in (("q", q), ("k", k), ("v", v), ("y", y)):
            setattr(a, name, tensor.data_ptr())
        batch, heads, rows, _ = q.shape
        for name, size in (("B", batch), ("H", heads), ("N", rows), ("M", k.shape[2])):
            if hasattr(a, name):
                setattr(a, name, size)
        workspace = torch.empty(max(1, self.bytes(ctypes.byref(a))), dtype=torch.uint8, device=q.device)
        a.workspace, a.workspace_bytes = workspace.data_ptr(), workspace.numel()

        def run():
            status = self.launch(ctypes.byref(a), torch.cuda.current_stream().cuda_stream)
            if status != 0:
                raise RuntimeError(f"the launch gave {status}")
            return y

        run.keeps = workspace
        return run


def exact_rows(np, q, k, v, causal):
    """Sampled rows of the result in float64, by (head, row)."""
    _, heads, rows, width = q.shape
    at = sorted({0, 1, 63, 64, 127, rows // 2, rows - 1} & set(range(rows)))
    pairs = [(h, i) for h in sorted({0, heads // 2, heads - 1}) for i in at][:MOST_SAMPLES]
    found = {}
    for h, i in pairs:
        last = i + 1 if causal else rows
        scores = k[0, h, :last] @ q[0, h, i] / math.sqrt(width)
        weights = np.exp(scores - scores.max())
        found[h, i] = (weights @ v[0, h, :last]) / weights.sum()
    return found


def largest_error(np, y, exact):
    """Of an element, relative to itself or to the root mean square of its row if that is larger; NaN is infinite."""
    worst = 0.0
    for (h, i), row in exact.items():
        scale = np.maximum(np.abs(row), np.sqrt(np.mean(row**2)))
        error = np.max(np.abs(y[0, h, i].double().cpu().numpy() - row) / scale)
        worst = max(worst, float(error) if math.isfinite(error) else math.inf)
    return worst


def peers(torch, q, k, v, causal):
    """What PyTorch has for the same tensors; what it refuses is left out with its reason."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def sdpa(backend):
        def run():
            with sdpa_kernel([backend]):
                return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

        return run

    names = {"flash": "FLASH_ATTENTION", "cudnn": "CUDNN_ATTENTION", "efficient": "EFFICIENT_ATTENTION"}
    found = {f"sdpa-{n}": sdpa(getattr(SDPBackend, b)) for n, b in names.items() if hasattr(SDPBackend, b)}
    try:
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        rows = q.shape[2]
        keep = (lambda b, h, i, j: i >= j) if causal else None
        mask = create_block_mask(keep, None, None, rows, rows, device=q.device) if keep else None
        compiled = torch.compile(flex_attention)
        found["flex"] = lambda: compiled(q, k, v, block_mask=mask)
    except ImportError as e:
        print(f"  flex: not here ({e})")
    return found


def timed(torch, contenders, rounds):
    """Milliseconds of each, in turns, so that clocks and other work meet all of them."""
    times = {name: [] for name in contenders}
    for n in range(rounds + 3):
        for name, run in contenders.items():
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            run()
            end.record()
            end.synchronize()
            # The first rounds warm up caches and clocks.
            if n >= 3:
                times[name].append(start.elapsed_time(end))
    return times


def limit_of(o, spec, rows):
    """What the cost model holds to be possible on such a device, or None."""
    if o.emitted:
        return emitted(o)["limits"][spec].get(str(rows))
    sizes = [x for name, n in (("B", 1), ("H", o.heads), ("N", rows), ("M", rows)) for x in ("--set", f"{name}={n}")]
    kernel = json.loads(attnc("explain", f"examples/{spec}.attn", *spec_flags(o), *sizes, "--json"))["kernels"][0]
    return kernel.get("limit", {}).get("ms")


def measure(torch, np, o, mask, rows, ours):
    causal = mask == "causal"
    kind = {"bf16": torch.bfloat16, "f16": torch.float16}[o.storage]
    torch.manual_seed(rows)
    q, k, v = (torch.randn(1, o.heads, rows, o.width, device="cuda", dtype=kind) for _ in range(3))
    exact = exact_rows(np, *(t.double().cpu().numpy() for t in (q, k, v)), causal)
    contenders, errors = {}, {}
    for name, run in {"ours": ours.bind(torch, q, k, v), **peers(torch, q, k, v, causal)}.items():
        try:
            with torch.no_grad():
                errors[name] = largest_error(np, run(), exact)
        except RuntimeError as e:
            if name == "ours":
                raise
            print(f"  {name}: {str(e).splitlines()[0][:120]}")
            continue
        if errors[name] <= ALLOWED[o.storage]:
            contenders[name] = run
        elif name == "ours":
            raise RuntimeError(f"{mask} {rows}: wrong results, error {errors[name]}")
        else:
            print(f"  {name}: not timed, its error is {errors[name]:.1e}")
    with torch.no_grad():
        times = timed(torch, contenders, o.rounds)
    own = statistics.median(times["ours"])
    medians = {name: statistics.median(t) for name, t in times.items() if name != "ours"}
    return {
        "name": f"cuda/dense/{rows}/{mask}",
        "median_ms": own,
        "spread": [min(times["ours"]), max(times["ours"])],
        "limit_ms": limit_of(o, SPECS[mask], rows),
        "max_error": errors["ours"],
        "peers": {n: {"median_ms": t, "ratio": t / own, "max_error": errors[n]} for n, t in medians.items()},
    }


def main():
    o = options()
    if o.emit:
        return emit(o)
    if o.emitted:
        emitted(o)
    try:
        import numpy as np
        import torch
    except ImportError as e:
        skip(f"{e.name} is not installed")
    if not torch.cuda.is_available():
        skip("PyTorch sees no GPU")
    major, minor = torch.cuda.get_device_capability()
    arch = o.arch or f"sm_{major}{minor}{'a' if major == 9 else ''}"
    machine = f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, {arch}"
    print(machine)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for mask, spec in SPECS.items():
            wanted = [n for n in sizes_of(o) if re.search(o.only, f"cuda/dense/{n}/{mask}")]
            if not wanted:
                continue
            ours = Ours(spec, o, arch, pathlib.Path(folder))
            for n in wanted:
                row = measure(torch, np, o, mask, n, ours)
                rows.append(row)
                others = "  ".join(f"{p} {x['median_ms']:.3f} ms ({x['ratio']:.2f})" for p, x in row["peers"].items())
                print(f"{row['name']:28s} {row['median_ms']:.3f} ms  error {row['max_error']:.1e}  {others}", flush=True)
    if o.json:
        shape = {"heads": o.heads, "width": o.width, "storage": o.storage}
        pathlib.Path(o.json).write_text(json.dumps({"machine": machine, **shape, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
