"""Parses what it is given, by the ending of its name; prints one problem per line."""

import ast
import sys

try:
    import tomllib
except ImportError:  # before Python 3.11
    tomllib = None

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        if path.endswith(".toml"):
            if tomllib is not None:
                tomllib.loads(text)
        else:
            tree = ast.parse(text, path)
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and path.endswith("__init__.py"):
                    bare = [a.arg for a in node.args.args + node.args.kwonlyargs if a.annotation is None]
                    if bare or node.returns is None or ast.get_docstring(node) is None:
                        print(f"{path}: {node.name} has no types or docstring: {bare}")
    except Exception as error:  # noqa: BLE001
        print(f"{path}: {error}")
