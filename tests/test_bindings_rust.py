"""PyO3: what Rust exposes to Python, and who calls it."""

from __future__ import annotations

from test_bindings_python import bound, linked

LIB = """use pyo3::prelude::*;

#[pyfunction]
fn add(a: i64, b: i64) -> i64 { helper(a) + b }

#[pyfunction]
#[pyo3(name = "minus", signature = (a, b=1))]
fn sub(a: i64, b: i64) -> i64 { a - b }

fn helper(a: i64) -> i64 { a }

#[pyclass(name = "Box")]
struct PyBox { n: i64 }

#[pymethods]
impl PyBox {
    #[new]
    fn new(n: i64) -> Self { PyBox { n } }
    #[getter]
    fn get_size(&self) -> i64 { self.n }
    fn grow(&mut self, k: i64) { self.n += helper(k); }
}

impl PyBox {
    fn hidden(&self) -> i64 { self.n }
}

#[pymodule]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(add, m)?)?;
    m.add_class::<PyBox>()?;
    Ok(())
}
"""
USE = """from pkg._core import add, Box
from . import _core


def use():
    b = Box(1)
    b.grow(2)
    b.hidden()
    return add(1, 2) + _core.minus(3)
"""
CARGO = '[package]\nname = "core"\n[lib]\nname = "_core"\ncrate-type = ["cdylib"]\n'


def test_python_calls_rust() -> None:
    files = {"src/lib.rs": LIB, "python/pkg/__init__.py": "", "python/pkg/use.py": USE}
    links = linked(
        files,
        {
            "Cargo.toml": CARGO,
            "pyproject.toml": '[tool.maturin]\nmodule-name = "pkg._core"\npython-source = "python"\n',
        },
    )
    rs, py = "rs:src/lib.rs#", "py:python/pkg/use.py#use"
    assert bound(links) == {
        (f"{rs}_core.add", f"{rs}add", 4, "pyo3"),
        (f"{rs}_core.minus", f"{rs}sub", 8, "pyo3"),
        (f"{rs}_core.Box", f"{rs}PyBox.new", 18, "pyo3"),
        (f"{rs}_core.Box.size", f"{rs}PyBox.get_size", 20, "pyo3"),
        (f"{rs}_core.Box.grow", f"{rs}PyBox.grow", 21, "pyo3"),
        (py, f"{rs}_core.Box", 6, "pyo3"),
        (py, f"{rs}_core.Box.grow", 7, "pyo3"),
        (py, f"{rs}_core.add", 9, "pyo3"),
        (py, f"{rs}_core.minus", 9, "pyo3"),
    }
    inner = [(e.src, e.dst) for e in links.edges if e.kind == "calls" and e.dst == f"{rs}helper"]
    assert sorted(inner) == [(f"{rs}PyBox.grow", f"{rs}helper"), (f"{rs}add", f"{rs}helper")]


def test_without_a_module_nothing_is_exposed() -> None:
    text = LIB.replace("#[pymodule]\n", "")
    assert bound(linked({"src/lib.rs": text, "pkg/__init__.py": "", "pkg/use.py": USE})) == set()
