"""What Go's standard library says that call sites depend on: which first words of import paths it owns, what its functions and
methods return, the method sets of its everyday interfaces, and which of its functions run the functions they are given.
"""

from __future__ import annotations

import re
from typing import Final

_STANDARD: Final = """
archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html
image index io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings structs sync
syscall testing text time unicode unique unsafe weak C
"""
STANDARD: Final = frozenset(_STANDARD.split())
_BUILTIN_TYPES: Final = """
any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16
uint32 uint64 uintptr
"""
BUILTIN_TYPES: Final = frozenset(_BUILTIN_TYPES.split())
BUILTIN_FUNCTIONS: Final = {
    "append": "", "cap": "int", "clear": "", "close": "", "complex": "complex128", "copy": "int", "delete": "", "imag": "float64",
    "len": "int", "make": "", "max": "", "min": "", "new": "", "panic": "", "print": "", "println": "", "real": "float64",
    "recover": "any",
}  # fmt: skip
# Functions and methods by `package#name`, in Go's own words; types of other packages are written package.Name. $0 and $1 are
# the type parameters of a function, or of a method's type; where arguments tell them, the parameters stand before the arrow.
_RESULTS: Final = """
errors#New error
errors#Unwrap error
errors#Join error
errors#Is bool
errors#As bool
fmt#Errorf error
fmt#Sprintf string
fmt#Sprint string
fmt#Sprintln string
strings#Split []string
strings#Fields []string
strings#TrimSpace string
strings#ToLower string
strings#ToUpper string
strings#Join string
strings#NewReader *strings.Reader
strings#NewReplacer *strings.Replacer
bytes#NewBuffer *bytes.Buffer
bytes#NewBufferString *bytes.Buffer
bytes#NewReader *bytes.Reader
bufio#NewReader *bufio.Reader
bufio#NewWriter *bufio.Writer
bufio#NewScanner *bufio.Scanner
os#Open (*os.File, error)
os#Create (*os.File, error)
os#OpenFile (*os.File, error)
os#ReadFile ([]byte, error)
os#Getenv string
io#ReadAll ([]byte, error)
json#NewDecoder *encoding/json.Decoder
time#Now time.Time
time#Since time.Duration
time#NewTimer *time.Timer
time#NewTicker *time.Ticker
time#Time.Add time.Time
time#Time.Sub time.Duration
time#Time.UTC time.Time
strconv#Itoa string
strconv#Atoi (int, error)
strconv#Quote string
strconv#ParseInt (int64, error)
strconv#ParseFloat (float64, error)
strconv#ParseBool (bool, error)
context#Background context.Context
context#TODO context.Context
context#WithCancel (context.Context, func())
context#WithTimeout (context.Context, func())
context#WithDeadline (context.Context, func())
context#WithValue context.Context
net/http#NewServeMux *net/http.ServeMux
net/http#NewRequest (*net/http.Request, error)
net/http#Get (*net/http.Response, error)
net/http#Client.Do (*net/http.Response, error)
net/http#Request.Context context.Context
net/http#Request.WithContext *net/http.Request
net/http#ResponseWriter.Header net/http.Header
net#Listen (net.Listener, error)
net#Dial (net.Conn, error)
net#Listener.Accept (net.Conn, error)
net/url#Parse (*net/url.URL, error)
regexp#MustCompile *regexp.Regexp
regexp#Compile (*regexp.Regexp, error)
log#New *log.Logger
log#Default *log.Logger
flag#NewFlagSet *flag.FlagSet
flag#String *string
flag#Int *int
flag#Bool *bool
sync#NewCond *sync.Cond
container/list#New *container/list.List
rand#New *math/rand.Rand
math/rand#New *math/rand.Rand
reflect#TypeOf reflect.Type
reflect#TypeAssert ($0, bool)
reflect#ValueOf reflect.Value
errors#AsType ($0, bool)
sync/atomic#Pointer.Load *$0
sync/atomic#Pointer.Swap *$0
sync#OnceValue func() $0 -> func() $0
sync#OnceValues func() ($0, $1) -> func() ($0, $1)
unique#Make $0 -> unique.Handle[$0]
unique#Handle.Value $0
weak#Pointer.Value *$0
cmp#Or $0 -> $0
iter#Pull iter.Seq[$0] -> (func() ($0, bool), func())
iter#Pull2 iter.Seq2[$0, $1] -> (func() ($0, $1, bool), func())
slices#All []$0 -> iter.Seq2[int, $0]
slices#AppendSeq []$0 -> []$0
slices#Backward []$0 -> iter.Seq2[int, $0]
slices#Chunk []$0 -> iter.Seq[[]$0]
slices#Clip $0 -> $0
slices#Clone $0 -> $0
slices#Collect iter.Seq[$0] -> []$0
slices#Compact $0 -> $0
slices#CompactFunc $0 -> $0
slices#Concat $0 -> $0
slices#Delete $0 -> $0
slices#DeleteFunc $0 -> $0
slices#Grow $0 -> $0
slices#Insert $0 -> $0
slices#Max []$0 -> $0
slices#MaxFunc []$0 -> $0
slices#Min []$0 -> $0
slices#MinFunc []$0 -> $0
slices#Repeat $0 -> $0
slices#Replace $0 -> $0
slices#Sorted iter.Seq[$0] -> []$0
slices#SortedFunc iter.Seq[$0] -> []$0
slices#SortedStableFunc iter.Seq[$0] -> []$0
slices#Values []$0 -> iter.Seq[$0]
maps#All map[$0]$1 -> iter.Seq2[$0, $1]
maps#Clone $0 -> $0
maps#Collect iter.Seq2[$0, $1] -> map[$0]$1
maps#Keys map[$0]$1 -> iter.Seq[$0]
maps#Values map[$0]$1 -> iter.Seq[$1]
"""


def _row(line: str) -> tuple[str, tuple[tuple[str, ...], str]]:
    """A function's name, and its parameters as far as they matter with its result."""
    name, _, rest = line.partition(" ")
    params, _, result = rest.rpartition(" -> ")
    return name, ((params,) if params else (), result)


RESULTS: Final = dict(_row(line) for line in _RESULTS.strip().splitlines())
# Method sets of interfaces, each with what it embeds first.
_INTERFACES: Final = """
builtin#error Error() string
fmt#Stringer String() string
fmt#State Write([]byte) (int, error); Width() (int, bool); Precision() (int, bool); Flag(int) bool
fmt#Formatter Format(fmt.State, rune)
io#Reader Read([]byte) (int, error)
io#Writer Write([]byte) (int, error)
io#Closer Close() error
io#Seeker Seek(int64, int) (int64, error)
io#ReaderAt ReadAt([]byte, int64) (int, error)
io#WriterAt WriteAt([]byte, int64) (int, error)
io#ReaderFrom ReadFrom(io.Reader) (int64, error)
io#WriterTo WriteTo(io.Writer) (int64, error)
io#ByteReader ReadByte() (byte, error)
io#ByteScanner io#ByteReader; UnreadByte() error
io#ByteWriter WriteByte(byte) error
io#RuneReader ReadRune() (rune, int, error)
io#RuneScanner io#RuneReader; UnreadRune() error
io#StringWriter WriteString(string) (int, error)
io#ReadCloser io#Reader; io#Closer
io#WriteCloser io#Writer; io#Closer
io#ReadWriter io#Reader; io#Writer
io#ReadWriteCloser io#Reader; io#Writer; io#Closer
io#ReadSeeker io#Reader; io#Seeker
io#ReadSeekCloser io#Reader; io#Seeker; io#Closer
io#WriteSeeker io#Writer; io#Seeker
io#ReadWriteSeeker io#Reader; io#Writer; io#Seeker
sort#Interface Len() int; Less(int, int) bool; Swap(int, int)
container/heap#Interface sort#Interface; Push(any); Pop() any
hash#Hash io#Writer; Sum([]byte) []byte; Reset(); Size() int; BlockSize() int
context#Context Deadline() (time.Time, bool); Done() <-chan struct{}; Err() error; Value(any) any
flag#Value String() string; Set(string) error
io/fs#FileInfo Name() string; Size() int64; Mode() io/fs.FileMode; ModTime() time.Time; IsDir() bool; Sys() any
io/fs#File Stat() (io/fs.FileInfo, error); Read([]byte) (int, error); Close() error
io/fs#FS Open(string) (io/fs.File, error)
net#Addr Network() string; String() string
net#Conn io#ReadWriteCloser; LocalAddr() net.Addr; RemoteAddr() net.Addr; SetDeadline(time.Time) error; \
SetReadDeadline(time.Time) error; SetWriteDeadline(time.Time) error
net#Listener Accept() (net.Conn, error); Close() error; Addr() net.Addr
net#Error error; Timeout() bool; Temporary() bool
net/http#Handler ServeHTTP(net/http.ResponseWriter, *net/http.Request)
net/http#ResponseWriter Header() net/http.Header; Write([]byte) (int, error); WriteHeader(int)
net/http#Flusher Flush()
net/http#Hijacker Hijack() (net.Conn, *bufio.ReadWriter, error)
net/http#CloseNotifier CloseNotify() <-chan bool
net/http#Pusher Push(string, *net/http.PushOptions) error
net/http#RoundTripper RoundTrip(*net/http.Request) (*net/http.Response, error)
net/http#File io#Closer; io#Reader; io#Seeker; Readdir(int) ([]io/fs.FileInfo, error); Stat() (io/fs.FileInfo, error)
net/http#FileSystem Open(string) (net/http.File, error)
encoding/json#Marshaler MarshalJSON() ([]byte, error)
encoding/json#Unmarshaler UnmarshalJSON([]byte) error
encoding#TextMarshaler MarshalText() ([]byte, error)
encoding#TextUnmarshaler UnmarshalText([]byte) error
encoding#BinaryMarshaler MarshalBinary() ([]byte, error)
encoding#BinaryUnmarshaler UnmarshalBinary([]byte) error
database/sql#Scanner Scan(any) error
database/sql/driver#Valuer Value() (database/sql/driver.Value, error)
log/slog#Handler Enabled(context.Context, log/slog.Level) bool; Handle(context.Context, log/slog.Record) error; \
WithAttrs([]log/slog.Attr) log/slog.Handler; WithGroup(string) log/slog.Handler
sync#Locker Lock(); Unlock()
"""
Signature = tuple[tuple[str, ...], tuple[str, ...]]
_METHOD: Final = re.compile(r"(\w+)\((.*?)\) ?(.*)")


def _method_sets() -> dict[str, dict[str, Signature]]:
    """Name of an interface -> its methods -> (parameters, results)."""
    found: dict[str, dict[str, Signature]] = {}
    for line in _INTERFACES.strip().replace("\\\n", "").splitlines():
        name, _, listed = line.partition(" ")
        methods = found[name] = {}
        for part in listed.split("; "):
            if (stated := _METHOD.match(part)) is None:
                methods.update(found[part if "#" in part else f"builtin#{part}"])
                continue
            params, results = (tuple(t for t in text.strip("()").split(", ") if t) for text in stated.groups()[1:])
            methods[stated[1]] = params, results
    return found


INTERFACES: Final = _method_sets()
# Names that mean the same type.
SAME: Final = {
    "builtin#byte": "builtin#uint8", "builtin#rune": "builtin#int32", "os#FileInfo": "io/fs#FileInfo", "os#FileMode": "io/fs#FileMode",
    "golang.org/x/net/context#Context": "context#Context",
}  # fmt: skip
# A type that has these methods is said to implement them even when nobody asks for the interface here.
PROMINENT: Final = (
    "builtin#error",
    "fmt#Stringer",
    "io#Reader",
    "io#Writer",
    "io#Closer",
    "sort#Interface",
    "net/http#Handler",
)
_RUNNERS: Final = """
Slice SliceStable Search Do Go SortFunc SortStableFunc BinarySearchFunc IndexFunc ContainsFunc DeleteFunc Map FieldsFunc
TrimFunc TrimLeftFunc TrimRightFunc Walk WalkDir AfterFunc Range OnceFunc OnceValue OnceValues ReplaceAllStringFunc
ReplaceAllFunc Run Benchmark Split EqualFunc MinFunc MaxFunc
"""
RUNNERS: Final = frozenset(_RUNNERS.split())
