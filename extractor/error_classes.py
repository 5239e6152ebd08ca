"""The error classes of the standard libraries, as child -> parents by external id, and with those of a repository
the hierarchy: what a handler of one of them also catches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from extractor.schema import Edge, external_id

# `parent | package: children`; the parent is a name that stands further up, or the root of the table.
_PYTHON: Final = """
 | builtins: BaseException
BaseException | builtins: BaseExceptionGroup Exception GeneratorExit KeyboardInterrupt SystemExit
BaseException | asyncio: CancelledError
Exception | builtins: ArithmeticError AssertionError AttributeError BufferError EOFError ExceptionGroup ImportError LookupError
Exception | builtins: MemoryError NameError OSError ReferenceError RuntimeError StopAsyncIteration StopIteration SyntaxError
Exception | builtins: SystemError TypeError ValueError Warning
ArithmeticError | builtins: FloatingPointError OverflowError ZeroDivisionError
ImportError | builtins: ModuleNotFoundError
LookupError | builtins: IndexError KeyError
NameError | builtins: UnboundLocalError
OSError | builtins: BlockingIOError ChildProcessError ConnectionError FileExistsError FileNotFoundError InterruptedError
OSError | builtins: IsADirectoryError NotADirectoryError PermissionError ProcessLookupError TimeoutError
ConnectionError | builtins: BrokenPipeError ConnectionAbortedError ConnectionRefusedError ConnectionResetError
RuntimeError | builtins: NotImplementedError RecursionError
SyntaxError | builtins: IndentationError
IndentationError | builtins: TabError
ValueError | builtins: UnicodeError
UnicodeError | builtins: UnicodeDecodeError UnicodeEncodeError UnicodeTranslateError
Warning | builtins: BytesWarning DeprecationWarning EncodingWarning FutureWarning ImportWarning PendingDeprecationWarning
Warning | builtins: ResourceWarning RuntimeWarning SyntaxWarning UnicodeWarning UserWarning
ValueError | json: JSONDecodeError
ValueError | json.decoder: JSONDecodeError
Exception | subprocess: SubprocessError
SubprocessError | subprocess: CalledProcessError TimeoutExpired
OSError | socket: herror gaierror
OSError | ssl: SSLError
OSError | shutil: Error
OSError | urllib.error: URLError
URLError | urllib.error: HTTPError
Exception | struct: error
Exception | queue: Empty Full
Exception | zipfile: BadZipFile
Exception | tarfile: TarError
Exception | sqlite3: Error
"""
_JAVA: Final = """
 | java.lang: Throwable
Throwable | java.lang: Exception Error
Exception | java.lang: RuntimeException InterruptedException CloneNotSupportedException ReflectiveOperationException
RuntimeException | java.lang: IllegalArgumentException IllegalStateException NullPointerException IndexOutOfBoundsException
RuntimeException | java.lang: ClassCastException ArithmeticException UnsupportedOperationException NegativeArraySizeException
RuntimeException | java.lang: ArrayStoreException SecurityException IllegalMonitorStateException TypeNotPresentException
RuntimeException | java.lang: EnumConstantNotPresentException
RuntimeException | java.util: ConcurrentModificationException NoSuchElementException MissingResourceException EmptyStackException
RuntimeException | java.io: UncheckedIOException
RuntimeException | java.util.concurrent: CompletionException RejectedExecutionException
RuntimeException | java.time: DateTimeException
DateTimeException | java.time.format: DateTimeParseException
NoSuchElementException | java.util: InputMismatchException
IllegalArgumentException | java.lang: NumberFormatException IllegalThreadStateException
IllegalArgumentException | java.util.regex: PatternSyntaxException
IllegalArgumentException | java.nio.file: InvalidPathException
IllegalStateException | java.util.concurrent: CancellationException
IndexOutOfBoundsException | java.lang: ArrayIndexOutOfBoundsException StringIndexOutOfBoundsException
ReflectiveOperationException | java.lang: ClassNotFoundException NoSuchMethodException NoSuchFieldException InstantiationException
ReflectiveOperationException | java.lang: IllegalAccessException
ReflectiveOperationException | java.lang.reflect: InvocationTargetException
Exception | java.io: IOException
IOException | java.io: FileNotFoundException EOFException UnsupportedEncodingException ObjectStreamException InterruptedIOException
ObjectStreamException | java.io: InvalidObjectException NotSerializableException InvalidClassException
IOException | java.net: MalformedURLException UnknownHostException SocketException ProtocolException
InterruptedIOException | java.net: SocketTimeoutException
SocketException | java.net: ConnectException BindException
IOException | java.nio.file: FileSystemException
FileSystemException | java.nio.file: NoSuchFileException FileAlreadyExistsException AccessDeniedException NotDirectoryException
FileSystemException | java.nio.file: DirectoryNotEmptyException
IOException | java.nio.charset: CharacterCodingException
Exception | java.net: URISyntaxException
Exception | java.text: ParseException
Exception | java.sql: SQLException
Exception | java.util.concurrent: ExecutionException TimeoutException BrokenBarrierException
Exception | java.security: GeneralSecurityException
GeneralSecurityException | java.security: NoSuchAlgorithmException
Error | java.lang: AssertionError LinkageError VirtualMachineError
VirtualMachineError | java.lang: OutOfMemoryError StackOverflowError InternalError
LinkageError | java.lang: NoClassDefFoundError ExceptionInInitializerError UnsatisfiedLinkError
"""
_CPP: Final = """
 | std: exception
exception | std: logic_error runtime_error bad_alloc bad_cast bad_typeid bad_exception bad_function_call bad_weak_ptr
exception | std: bad_optional_access bad_variant_access
logic_error | std: invalid_argument domain_error length_error out_of_range future_error
runtime_error | std: range_error overflow_error underflow_error regex_error system_error format_error
bad_alloc | std: bad_array_new_length
bad_cast | std: bad_any_cast
system_error | std: ios_base.failure filesystem.filesystem_error
exception | c10: Error
Error | c10: IndexError ValueError TypeError NotImplementedError
"""
_CSHARP: Final = """
 | System: Exception
Exception | System: SystemException ApplicationException AggregateException
SystemException | System: ArgumentException ArithmeticException FormatException IndexOutOfRangeException InvalidCastException
SystemException | System: InvalidOperationException NotImplementedException NotSupportedException NullReferenceException
SystemException | System: OperationCanceledException TimeoutException UnauthorizedAccessException OutOfMemoryException
ArgumentException | System: ArgumentNullException ArgumentOutOfRangeException
ArithmeticException | System: DivideByZeroException OverflowException
InvalidOperationException | System: ObjectDisposedException
OperationCanceledException | System.Threading.Tasks: TaskCanceledException
SystemException | System.IO: IOException InvalidDataException
IOException | System.IO: FileNotFoundException DirectoryNotFoundException EndOfStreamException PathTooLongException
SystemException | System.Collections.Generic: KeyNotFoundException
Exception | System.Net.Http: HttpRequestException
Exception | System.Text.Json: JsonException
"""


def _parents(*tables: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for table in tables:
        known: dict[str, str] = {}  # of this table, by name: the first of a name is its parent's
        for line in table.strip("\n").split("\n"):
            place, _, children = line.partition(": ")
            parent, _, package = place.partition(" | ")
            for child in children.split():
                node_id = external_id(package, child)
                known.setdefault(child, node_id)
                found[node_id] = (known[parent],) if parent else ()
    return found


# Other names of the very same class: to catch one is to catch all.
ALIASES: Final = {
    "ext:builtins#OSError": frozenset(
        {"ext:builtins#IOError", "ext:builtins#EnvironmentError", "ext:socket#error", "ext:select#error"}
    ),
    "ext:builtins#TimeoutError": frozenset(
        {"ext:socket#timeout", "ext:asyncio#TimeoutError", "ext:concurrent.futures#TimeoutError"}
    ),
}
STANDARD: Final = _parents(_PYTHON, _JAVA, _CPP, _CSHARP) | {
    alias: (name,) for name, aliases in ALIASES.items() for alias in sorted(aliases)
}


class Hierarchy:
    """The error classes and what stands above each; answers are kept, few errors are asked for very often."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self._parents: dict[str, list[str]] = {child: list(above) for child, above in STANDARD.items()}
        self._known: dict[str, set[str]] = {}
        for edge in edges:
            if edge.kind in ("extends", "implements"):
                self._parents.setdefault(edge.src, []).append(edge.dst)

    def above(self, error: str) -> set[str]:
        """The class itself, its ancestors, and the other names of these."""
        seen = self._known.get(error)
        if seen is not None:
            return seen
        seen = {error}
        stack = [error]
        while stack:
            for parent in self._parents.get(stack.pop(), ()):
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        for name, aliases in ALIASES.items():
            if name in seen:
                seen |= aliases
        self._known[error] = seen
        return seen
