"""Prints what is public of the Python SDK as JSON: by file, each declaration and its docstring.

Reads the sources alone: neither numpy nor the extension module is needed. Owns the reading; the
form of the page is its caller's (scripts/generate-python-reference.ts).
"""

import ast
import json
import pathlib
import re
import sys

SDK = pathlib.Path(sys.argv[1])
#: In the order of the page.
FILES = [
    *("application", "transaction", "columns", "nearby", "fields", "kinds", "errors"),
    *("libweaver_app_sdk_python_v1", "utils", "types"),
]
#: The sources of methods that the extension module has, and the class that they belong to.
METHODS = ["src/transaction.c", "src/others.c"]
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def sections():
    public = names_of(SDK / "heddle" / "__init__.py")
    for name in FILES:
        (path,) = [p for p in SDK.glob("*/%s.py" % name) if p.parent.name != "tests"]
        is_service = path.parent.name == "weaver_app_sdk_v1"
        entries = []
        source = path.read_text()
        for node in ast.parse(source).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                if not node.name.startswith("_") and (is_service or node.name in public):
                    entries.extend(entries_of(node, source.split("\n")))
                    if node.name == "Transaction":
                        entries.extend(compiled_methods())
        yield {"file": "sdk/python/%s" % path.relative_to(SDK), "entries": entries}


def names_of(path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)


def entries_of(node, lines):
    """A function, or a class with its public methods, under a heading."""
    doc = ast.get_docstring(node) or ""
    if isinstance(node, ast.FunctionDef):
        return [{"code": signature(node), "doc": doc, "heading": node.name}]
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    code = "class %s%s" % (node.name, "(%s)" % bases if bases else "")
    members = [line for inner in node.body for line in member(inner, lines)]
    entries = [{"code": "\n".join([code, *members]), "doc": doc, "heading": node.name}]
    for inner in node.body:
        is_method = isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_")
        if is_method and ast.get_docstring(inner):
            (entry,) = entries_of(inner, lines)
            entries.append({**entry, "heading": None})
    return entries


def member(node, lines):
    """A value of an enumeration, or an attribute of a tuple or a dataclass, and its comment."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or ast.unparse(node).startswith("_"):
        return []
    first = node.lineno - 1
    while lines[first - 1].strip().startswith("#:"):
        first -= 1
    return [line.replace("#: ", "# ", 1) for line in lines[first : node.end_lineno]]


def signature(node):
    if any(ast.unparse(decorator) == "property" for decorator in node.decorator_list):
        return "%s: %s" % (node.name, ast.unparse(node.returns).strip("'"))
    arguments = ast.unparse(node.args)
    returns = "" if node.returns is None else " -> %s" % ast.unparse(node.returns)
    return "def %s(%s)%s" % (node.name, arguments, returns)


def compiled_methods():
    for path in METHODS:
        for text in (SDK / path).read_text().split("PyMethodDef ")[1:]:
            for entry in re.split(r"\b(?:FAST|NO_ARGUMENTS|ONE_ARGUMENT)\(", text)[1:]:
                strings = STRING.findall(entry)[1:]
                whole = "".join(strings).replace("\\n", "\n")
                head, _, doc = whole.partition("\n--\n\n")
                if doc:
                    code = "def " + head.replace("$self", "self")
                    yield {"code": code, "doc": doc, "heading": None}


print(json.dumps(list(sections())))
