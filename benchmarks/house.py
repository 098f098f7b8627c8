"""How the code reads: density, complexity, names and arrows between rooms, from its syntax trees.

    python benchmarks/house.py [PACKAGE]
    python benchmarks/house.py --check PATH...

PACKAGE is the folder of a package (src/harma): run it on the checkout of another commit, or on
another project, to compare. Code lines are lines that hold code: no blank lines, no comments, no
docstrings. The rules that `tests/test_breath.py` holds are functions of this file.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.comprehension,
    ast.match_case,
    ast.Assert,
)
MOST_COMPLEX = 10


@dataclass(frozen=True)
class Module:
    """A file of the package."""

    path: Path
    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        """All tokens of the text."""
        return list(tokenize.generate_tokens(io.StringIO(self.text).readline))

    @cached_property
    def docstring_lines(self) -> set[int]:
        """Numbers of the lines that strings alone fill."""
        lines: set[int] = set()
        for node in self.nodes:
            is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if is_constant and isinstance(node.value.value, str):
                lines |= set(range(node.lineno, node.end_lineno + 1))
        return lines

    @cached_property
    def code_lines(self) -> list[str]:
        """The lines that hold code."""
        numbers: set[int] = set()
        quiet = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        for token in self.tokens:
            if token.type not in (*quiet, tokenize.ENDMARKER):
                numbers |= set(range(token.start[0], token.end[0] + 1))
        lines = self.text.splitlines()
        return [lines[number - 1] for number in sorted(numbers - self.docstring_lines)]

    @cached_property
    def comments(self) -> list[str]:
        """All comments."""
        return [token.string for token in self.tokens if token.type == tokenize.COMMENT]

    @property
    def num_comment_lines(self) -> int:
        """Lines that hold nothing but a comment."""
        return sum(line.lstrip().startswith("#") for line in self.text.splitlines())

    @cached_property
    def functions(self) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Functions and methods with their qualified names."""
        return list(_functions(self.tree, ""))

    @property
    def imports(self) -> Iterator[str]:
        """Names of the modules that it imports, wherever in the file."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            name = f"{prefix}{child.name}"
            if isinstance(child, FUNCTIONS):
                yield name, child
            yield from _functions(child, f"{name}.")
        else:
            yield from _functions(child, prefix)


def read_package(folder: Path) -> list[Module]:
    """All modules below a folder."""
    modules = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        modules.append(Module(path, name, path.read_text(encoding="utf-8")))
    return modules


# -- rules, each a list of places -----------------------------------------------------------------


def complexity(function: ast.AST) -> int:
    """McCabe's count, with conditional expressions, `and`, `or` and comprehensions.

    A function inside another counts for itself.
    """
    total = 1
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, FUNCTIONS):
            continue
        if isinstance(node, ast.BoolOp):
            total += len(node.values) - 1
        if isinstance(node, ast.comprehension):
            total += len(node.ifs)
        total += isinstance(node, BRANCHES)
        waiting += ast.iter_child_nodes(node)
    return total


def too_complex(module: Module) -> list[str]:
    """Functions over the limit, with their count."""
    counts = [(name, complexity(function)) for name, function in module.functions]
    return [f"{module.name}:{name} {count}" for name, count in counts if count > MOST_COMPLEX]


def dense_conditionals(module: Module) -> list[str]:
    """Conditional expressions that run over a line, hold another one, or an operator."""
    places = []
    for node in module.nodes:
        if not isinstance(node, ast.IfExp):
            continue
        inside = [child for child in ast.walk(node) if child is not node]
        dense = any(isinstance(child, ast.IfExp | ast.BoolOp | ast.BinOp) for child in inside)
        if dense or node.lineno != node.end_lineno:
            places.append(f"{module.name}:{node.lineno}")
    return places


def nested_comprehensions(module: Module) -> list[str]:
    """Comprehensions in comprehensions, and those with two `for`."""
    places = []
    for node in module.nodes:
        if not isinstance(node, COMPREHENSIONS):
            continue
        inner = [child for child in ast.walk(node) if isinstance(child, COMPREHENSIONS)]
        if len(inner) > 1 or len(node.generators) > 1:
            places.append(f"{module.name}:{node.lineno}")
    return places


def tuple_assignments(module: Module, *, least: int = 2) -> list[str]:
    """Assignments of a tuple to a tuple of `least` names or more."""
    places = []
    for node in module.nodes:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple):
            continue
        targets = [target for target in node.targets if isinstance(target, ast.Tuple)]
        if any(len(target.elts) >= least for target in targets):
            places.append(f"{module.name}:{node.lineno}")
    return places


def classes_named_twice(modules: list[Module]) -> dict[str, list[str]]:
    """Public class names → the modules that define them, where there is more than one."""
    homes = defaultdict(list)
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module.name)
    return {name: where for name, where in homes.items() if len(where) > 1}


def switched_off(module: Module) -> list[str]:
    """Comments that switch the formatter off."""
    return [f"{module.name}: {text}" for text in module.comments if "fmt:" in text]


def uses_of_any(module: Module) -> int:
    """How often `Any` is named, its import left out."""
    return sum(isinstance(node, ast.Name) and node.id == "Any" for node in module.nodes)


# -- the house ------------------------------------------------------------------------------------


def arrows(modules: list[Module]) -> set[tuple[str, str]]:
    """(room, room that it imports), late imports too; the package's own `__init__` is no room."""
    package = modules[0].name.split(".")[0]
    known = {module.name for module in modules}
    edges = set()
    for module in modules:
        room = _room(module.name)
        for name in module.imports:
            is_ours = name.split(".")[0] == package and name in known
            other = _room(name)
            if is_ours and room and other and room != other:
                edges.add((room, other))
    return edges


def _room(name: str) -> str:
    parts = name.split(".")
    if len(parts) == 1 or parts[1] == "__main__":
        return ""
    return parts[1]


def circles(edges: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs of rooms that reach each other."""
    reach = defaultdict(set)
    for one, other in edges:
        reach[one].add(other)
    for middle in list(reach):
        for room in list(reach):
            if middle in reach[room]:
                reach[room] |= reach[middle]
    pairs = []
    for one in reach:
        # Each pair once, the earlier name first.
        pairs += [
            (one, other) for other in reach[one] if one < other and one in reach.get(other, ())
        ]
    return sorted(pairs)


# -- the table ------------------------------------------------------------------------------------


def _spread(values: list[int]) -> str:
    ordered = sorted(values) or [0]
    high = ordered[int(0.9 * (len(ordered) - 1))]
    return f"{statistics.median(ordered):.0f} / {high} / {ordered[-1]}"


def _public(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Functions of a module and methods of its classes, without those whose name begins with _.

    A setter belongs to its property, which is described at its getter.
    """
    for child in ast.iter_child_nodes(node):
        if not getattr(child, "name", "_").startswith("_"):
            if isinstance(child, FUNCTIONS) and not _is_setter(child):
                yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def _is_setter(function: ast.FunctionDef) -> bool:
    decorators = function.decorator_list
    return any(isinstance(node, ast.Attribute) and node.attr == "setter" for node in decorators)


def _is_typed(function: ast.FunctionDef) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    needed = [argument for argument in named if argument.arg not in ("self", "cls")]
    return function.returns is not None and all(argument.annotation for argument in needed)


def figures(folder: Path) -> dict[str, str]:
    """The table of one package."""
    modules = read_package(folder)
    return {
        **_sizes(modules),
        **_functions_and_types(modules),
        **_density(modules),
        **_arrangement(modules, folder),
    }


def _sizes(modules: list[Module]) -> dict[str, str]:
    lengths = [module.text.count("\n") for module in modules]
    functions = []
    for module in modules:
        functions += [function for _, function in module.functions]
    return {
        "modules; lines": f"{len(modules)}; {sum(lengths):,}",
        "module lines median / p90 / max": _spread(lengths),
        "modules under 50 lines": f"{sum(length < 50 for length in lengths)}",
        "function lines median / p90 / max": _spread(
            [function.end_lineno - function.lineno + 1 for function in functions]
        ),
    }


def _functions_and_types(modules: list[Module]) -> dict[str, str]:
    public = []
    for module in modules:
        public += _public(module.tree)
    thousand_lines = sum(module.text.count("\n") for module in modules) / 1000
    complex_ones = _count(too_complex, modules)
    return {
        "functions over complexity 10, counted fully": f"{complex_ones}",
        "public functions documented": _share(public, ast.get_docstring),
        "public functions typed": _share(public, _is_typed),
        "`Any` per 1,000 lines": f"{sum(map(uses_of_any, modules)) / thousand_lines:.1f}",
    }


def _density(modules: list[Module]) -> dict[str, str]:
    code = []
    conditionals = 0
    for module in modules:
        code += module.code_lines
        conditionals += sum(isinstance(node, ast.IfExp) for node in module.nodes)
    characters = sum(len(line.strip()) for line in code) / len(code)
    thousand_code = len(code) / 1000
    tuples = _count(tuple_assignments, modules) / thousand_code
    return {
        "characters per code line": f"{characters:.1f}",
        "conditional expressions per 1,000 code lines": f"{conditionals / thousand_code:.1f}",
        "dense conditional expressions": f"{_count(dense_conditionals, modules)}",
        "tuple-to-tuple assignments per 1,000 code lines": f"{tuples:.1f}",
        "nested or double comprehensions": f"{_count(nested_comprehensions, modules)}",
        "formatter switched off": f"{_count(switched_off, modules)}",
    }


def _arrangement(modules: list[Module], folder: Path) -> dict[str, str]:
    lines = sum(module.text.count("\n") for module in modules)
    comments = sum(module.num_comment_lines for module in modules)
    top = [path for path in folder.iterdir() if path.name != "__pycache__"]
    edges = arrows(modules)
    return {
        "public class names used twice": f"{len(classes_named_twice(modules))}",
        "comment lines": f"{100 * comments / lines:.1f} %",
        "entries at the package's top": f"{len(top)}",
        "arrows between rooms; circles": f"{len(edges)}; {len(circles(edges))}",
    }


def _count(rule: Callable[[Module], list[str]], modules: list[Module]) -> int:
    return sum(len(rule(module)) for module in modules)


def _share(functions: list[ast.FunctionDef], test: Callable[[ast.FunctionDef], object]) -> str:
    passed = sum(bool(test(function)) for function in functions)
    return f"{100 * passed / max(1, len(functions)):.1f} %"


def check(paths: list[Path]) -> list[str]:
    """What breaks a rule of breath in files and folders."""
    broken = []
    for path in paths:
        if path.is_dir():
            modules = read_package(path)
        else:
            modules = [Module(path, path.stem, path.read_text(encoding="utf-8"))]
        for module in modules:
            broken += [f"complexity {place}" for place in too_complex(module)]
            broken += [f"dense conditional {place}" for place in dense_conditionals(module)]
            broken += [f"nested comprehension {place}" for place in nested_comprehensions(module)]
            broken += [f"tuples {place}" for place in tuple_assignments(module, least=3)]
            broken += [f"formatter {place}" for place in switched_off(module)]
    return broken


def main() -> None:
    """Print the table, or with --check what breaks a rule below the paths that follow."""
    arguments = [Path(argument) for argument in sys.argv[1:]]
    if arguments and str(arguments[0]) == "--check":
        print("\n".join(check(arguments[1:])))
        return
    ours = Path(__file__).parents[1] / "src" / "harma"
    folder = arguments[0] if arguments else ours
    for name, value in figures(folder).items():
        print(f"{name:<50} {value}")


if __name__ == "__main__":
    main()
