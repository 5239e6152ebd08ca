"""Every C# call below a folder with the declaration that Roslyn says it runs, a line each, as Oracle.java prints them.

    python scripts/oracle_csharp.py SOURCES NODE_MODULES [--references FOLDER]... [--define NAME]...

Runs Microsoft's compiler through pythonnet: `pip install pythonnet dotnetcore2` (.NET 3.1, which wants libssl 1.1 where the loader
finds it: LD_LIBRARY_PATH) and `npm install @autorest/csharp@3.0.0-beta.20220218.8`, which holds Roslyn.

Calls are invocations, `new`, `: base(…)` and `: this(…)`. Accessors, operators, indexers, events, attributes and what `foreach`, `using`,
query clauses and collection initializers run are left out. A constructor that nobody wrote is told as its class; of a delegate it is
known that it runs, not what it holds. What `#if` hides without a `--define` is a row of its own, at line 0.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

SYNTAX: Final = "Microsoft.CodeAnalysis.CSharp.Syntax"
CALLS: Final = ("InvocationExpressionSyntax", "BaseObjectCreationExpressionSyntax", "ConstructorInitializerSyntax")
KEYWORDS: Final = ("this", "base", "new")  # where the class that is made is not named
HIDDEN: Final = "#if"  # the name of what the compiler does not read
NAMED: Final = ("Name", "Type", "ThisOrBaseKeyword", "NewKeyword")  # where a call is written, the first that it has


def start(compiler: Path) -> Path:
    """Load the compiler; the folder of the platform's own assemblies."""
    os.environ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
    platform = find_spec("dotnetcore2")
    if platform is None or platform.origin is None:
        raise SystemExit("no .NET here: pip install pythonnet dotnetcore2")
    runtime = Path(platform.origin).parent / "bin"
    (runtime / "dotnet").chmod(0o755)
    config = compiler / "AutoRest.CSharp.runtimeconfig.json"
    import_module("pythonnet").set_runtime(
        import_module("clr_loader").get_coreclr(runtime_config=str(config), dotnet_root=runtime)
    )
    clr = import_module("clr")
    sys.path.append(str(compiler))
    clr.AddReference("Microsoft.CodeAnalysis")
    clr.AddReference("Microsoft.CodeAnalysis.CSharp")
    return next((runtime / "shared" / "Microsoft.NETCore.App").iterdir())


def compiled(root: Path, references: list[Path], defined: list[str]) -> Any:
    """All sources below a folder as one program; what does not compile is as well understood as can be."""
    system, roslyn = import_module("System"), import_module("Microsoft.CodeAnalysis")
    csharp = import_module("Microsoft.CodeAnalysis.CSharp")
    options = csharp.CSharpParseOptions(csharp.LanguageVersion.Preview)
    options = options.WithPreprocessorSymbols(system.Array[system.String](defined))
    trees = [
        csharp.CSharpSyntaxTree.ParseText(
            path.read_text("utf-8-sig", errors="replace"), options, path.relative_to(root).as_posix()
        )
        for path in sorted(root.rglob("*.cs"))
    ]
    libraries = []
    for path in sorted({p.name: p for folder in references for p in folder.glob("*.dll")}.values()):
        try:
            system.Reflection.AssemblyName.GetAssemblyName(str(path))
        except system.BadImageFormatException:
            continue  # a native library among the others
        libraries.append(roslyn.MetadataReference.CreateFromFile(str(path)))
    program = csharp.CSharpCompilation.Create("judged")
    program = program.AddSyntaxTrees(system.Array[roslyn.SyntaxTree](trees))
    return program.AddReferences(system.Array[roslyn.MetadataReference](libraries))


def sites(program: Any) -> list[str]:
    syntax, linq = import_module(SYNTAX), import_module("System.Linq").Enumerable
    csharp = import_module("Microsoft.CodeAnalysis.CSharp")
    extensions, disabled = csharp.CSharpExtensions, csharp.SyntaxKind.DisabledTextTrivia
    out = []
    for tree in program.SyntaxTrees:
        model = program.GetSemanticModel(tree)
        for part in tree.GetRoot().DescendantTrivia():
            if str(part).strip() and extensions.Kind(part) == disabled:
                out.append("\t".join([tree.FilePath, "0", "", "unknown", *place(tree, part.Span, HIDDEN)]))
        for kind in CALLS:
            for node in linq.OfType[getattr(syntax, kind)](tree.GetRoot().DescendantNodes()):
                at, name = written(node)
                if name == "nameof":
                    continue
                line = tree.GetLineSpan(at).StartLinePosition.Line + 1
                symbol = extensions.GetSymbolInfo(model, node).Symbol
                held = declared(symbol)
                shown = held[-1] if held and name in KEYWORDS else name
                out.append(
                    "\t".join([tree.FilePath, str(line), shown, "unknown" if symbol is None else "known", *held])
                )
    return sorted(out)


def written(node: Any) -> tuple[Any, str]:
    """Where a call names what it calls, and that name."""
    held = getattr(node, "Expression", node)
    held = getattr(held, "WhenNotNull", held)
    for word in NAMED:
        held = getattr(held, word, held)
    while hasattr(held, "Right"):  # `A.B.C`
        held = held.Right
    token = getattr(held, "Identifier", held)
    return token.Span, " ".join(token.ToString().split())


def declared(symbol: Any) -> list[str]:
    """Path, first line, last line and name of each place here that declares a method."""
    if symbol is None:
        return []
    method = import_module("Microsoft.CodeAnalysis").IMethodSymbol
    symbol = method(symbol)
    if str(symbol.MethodKind) == "DelegateInvoke":
        return []
    symbol = method((symbol.ReducedFrom or symbol).OriginalDefinition)
    symbol = symbol.PartialImplementationPart or symbol
    constructs = str(symbol.MethodKind) == "Constructor"
    places = symbol.ContainingType if symbol.IsImplicitlyDeclared and constructs else symbol
    name = symbol.ContainingType.Name if constructs else symbol.Name.rpartition(".")[2]
    return [field for r in places.DeclaringSyntaxReferences for field in place(r.SyntaxTree, r.Span, name)]


def place(tree: Any, span: Any, name: str) -> list[str]:
    lines = tree.GetLineSpan(span)
    return [tree.FilePath, str(lines.StartLinePosition.Line + 1), str(lines.EndLinePosition.Line + 1), name]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sources", type=Path)
    parser.add_argument("node_modules", type=Path)
    parser.add_argument("--references", type=Path, action="append", default=[])
    parser.add_argument("--define", action="append", default=[])
    given = parser.parse_args()
    platform = start(given.node_modules.resolve() / "@autorest" / "csharp")
    print("\n".join(sites(compiled(given.sources.resolve(), given.references or [platform], given.define))))


if __name__ == "__main__":
    main()
