"""What JavaScript's own library offers that call sites depend on: its names, and how its methods treat their elements."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TYPES: Final = _words("""
Array Promise Map Set WeakMap WeakSet Date RegExp Error TypeError RangeError SyntaxError ReferenceError EvalError URIError
AggregateError Object Function String Number Boolean Symbol BigInt Math JSON Reflect Proxy Intl ArrayBuffer DataView
Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array URL URLSearchParams
AbortController AbortSignal FormData Headers Request Response Blob File Event EventTarget WebSocket Worker TextEncoder
TextDecoder Buffer ReadableStream WritableStream XMLHttpRequest Iterator AsyncIterator Generator console document window
navigator process globalThis localStorage sessionStorage history location crypto performance Atomics WebAssembly WeakRef
""")
FUNCTIONS: Final = _words("""
setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate parseInt parseFloat isNaN isFinite fetch
encodeURIComponent decodeURIComponent encodeURI decodeURI escape unescape queueMicrotask structuredClone alert confirm
prompt requestAnimationFrame cancelAnimationFrame requestIdleCallback atob btoa eval require getComputedStyle matchMedia
""")
PRIMITIVES: Final = _words("string number boolean any unknown void never object null undefined symbol bigint this")
# Types that are their first argument with other modifiers.
WHOLE: Final = _words("Partial Required Readonly NonNullable Pick Omit Exclude Extract")
SAME_ELEMENTS: Final = _words("filter slice reverse sort splice toSorted toReversed fill copyWithin flat")
ONE_ELEMENT: Final = _words("find pop shift at findLast")
# Of what these are given only the first runs; the second is what they begin with.
FOLDS: Final = _words("reduce reduceRight")
# These pass an element first to the function they are given.
FIRST_PARAMETER: Final = _words("map filter forEach some every find findIndex findLast flatMap findLastIndex")
# These run the function they are given.
RUNNERS: Final = _words("""
map filter forEach reduce reduceRight some every find findIndex findLast findLastIndex flatMap sort then catch finally
setTimeout setInterval setImmediate nextTick queueMicrotask requestAnimationFrame replace replaceAll stringify parse from toSorted
""")
# Methods of emitters of events that give back what they are called on.
FLUENT: Final = _words(
    "on once off addListener removeListener prependListener prependOnceListener removeAllListeners setMaxListeners"
)
# Members that arrays, strings, functions, promises and plain objects and emitters have of themselves.
BUILT_IN: Final = (
    SAME_ELEMENTS
    | ONE_ELEMENT
    | FIRST_PARAMETER
    | FLUENT
    | _words("""
emit listenerCount listeners concat length push unshift join indexOf lastIndexOf includes reduce reduceRight entries
keys values then catch finally call apply bind name toString toLocaleString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable
constructor prototype charAt charCodeAt codePointAt endsWith startsWith match matchAll normalize padEnd padStart repeat replace
replaceAll search split substr substring toLowerCase toUpperCase trim trimEnd trimStart localeCompare
""")
)
NODE_MODULES: Final = _words("""
assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs
http http2 https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder
sys test timers tls trace_events tty url util v8 vm wasi worker_threads zlib
""")
STRING_RESULTS: Final = _words("""
substring substr slice trim trimStart trimEnd toLowerCase toUpperCase replace replaceAll concat repeat padStart padEnd
charAt toString join normalize
""")
