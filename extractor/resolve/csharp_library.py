"""What the .NET library says that call sites depend on: where its everyday types live, which of them hold elements, and what the
methods of LINQ give.
"""

from __future__ import annotations

from typing import Final

_PACKAGES: Final = """
System: Object String Exception ArgumentException ArgumentNullException ArgumentOutOfRangeException InvalidOperationException
System: NotSupportedException NotImplementedException FormatException OverflowException DivideByZeroException TimeoutException
System: NullReferenceException IndexOutOfRangeException ObjectDisposedException OperationCanceledException AggregateException
System: UnauthorizedAccessException InvalidCastException ArithmeticException SystemException ApplicationException
System: Console Math Convert Environment DateTime DateTimeOffset TimeSpan Guid Uri Random Type Array Enum Tuple ValueTuple Lazy
System: IDisposable IAsyncDisposable IComparable IEquatable ICloneable EventArgs EventHandler Attribute Activator GC Version
System: Boolean Byte SByte Char Int16 UInt16 Int32 UInt32 Int64 UInt64 Single Double Decimal IntPtr UIntPtr
System: StringComparer StringComparison Span ReadOnlySpan Memory ReadOnlyMemory Nullable BitConverter Buffer Delegate HashCode
System.IO: File Directory Path Stream StreamReader StreamWriter FileStream MemoryStream StringReader StringWriter TextReader TextWriter
System.IO: IOException FileNotFoundException DirectoryNotFoundException EndOfStreamException FileInfo DirectoryInfo BinaryReader
System.IO: BinaryWriter InvalidDataException PathTooLongException
System.Text: StringBuilder Encoding Rune
System.Text.RegularExpressions: Regex Match MatchCollection Group
System.Threading: Thread CancellationToken CancellationTokenSource Interlocked SemaphoreSlim Monitor Timer Mutex
System.Threading.Tasks: Parallel TaskCompletionSource TaskCanceledException
System.Collections.Generic: KeyNotFoundException KeyValuePair Comparer EqualityComparer IComparer IEqualityComparer
System.Net.Http: HttpClient HttpRequestMessage HttpResponseMessage HttpRequestException
System.Text.Json: JsonSerializer JsonException JsonDocument JsonElement
System.Linq: Enumerable Queryable
System.Diagnostics: Debug Process Stopwatch Activity
"""
PACKAGE_OF: Final = {
    name: line.partition(":")[0] for line in _PACKAGES.strip().splitlines() for name in line.partition(": ")[2].split()
}
_PRIMITIVES: Final = "bool byte char decimal double dynamic float int long nint nuint object sbyte short string uint ulong ushort void null"
PRIMITIVES: Final = frozenset(_PRIMITIVES.split())
# What else a word of the language is called, and which numbers a number becomes by itself, the nearest first.
WORDS: Final = {
    "String": "string", "Object": "object", "Boolean": "bool", "Byte": "byte", "SByte": "sbyte", "Char": "char", "Int16": "short",
    "UInt16": "ushort", "Int32": "int", "UInt32": "uint", "Int64": "long", "UInt64": "ulong", "Single": "float", "Double": "double",
    "Decimal": "decimal", "IntPtr": "nint", "UIntPtr": "nuint",
}  # fmt: skip
_WIDER: Final = """sbyte: short int long nint float double decimal
byte: short ushort int uint long ulong nint nuint float double decimal
short: int long nint float double decimal
ushort: int uint long ulong nint nuint float double decimal
int: long nint float double decimal
uint: long ulong nuint float double decimal
long: float double decimal
ulong: float double decimal
float: double
char: ushort int uint long ulong float double decimal"""
WIDER: Final = {line.partition(":")[0]: tuple(line.partition(": ")[2].split()) for line in _WIDER.splitlines()}
NUMBERS: Final = (
    "uint",
    "short",
    "byte",
    "ushort",
    "ulong",
    "sbyte",
    "char",
    "int",
    "long",
    "float",
    "double",
    "decimal",
)
_LISTS: Final = """List IEnumerable IList ICollection IReadOnlyList IReadOnlyCollection HashSet ISet SortedSet Queue Stack LinkedList
IQueryable IOrderedEnumerable IAsyncEnumerable ConcurrentBag ConcurrentQueue ConcurrentStack ImmutableList ImmutableArray Span ReadOnlySpan
Collection ObservableCollection BlockingCollection IEnumerator ReadOnlyCollection IGrouping"""
LISTS: Final = frozenset(_LISTS.split())
MAPS: Final = frozenset((
    "Dictionary", "IDictionary", "IReadOnlyDictionary", "SortedDictionary", "ConcurrentDictionary", "SortedList", "ImmutableDictionary",
))  # fmt: skip
WRAPPERS: Final = frozenset(("Task", "ValueTask", "Lazy", "Nullable", "ConfiguredTaskAwaitable", "WeakReference"))
_SAME: Final = """Where OrderBy OrderByDescending ThenBy ThenByDescending Take Skip TakeWhile SkipWhile Reverse Distinct DistinctBy Concat
Union Except Intersect Append Prepend ToList ToArray ToHashSet AsEnumerable AsQueryable AsReadOnly ToImmutableList FindAll GetRange
DefaultIfEmpty AsParallel Order ToListAsync ToArrayAsync Cast"""
SAME: Final = frozenset(_SAME.split())
_ELEMENT: Final = """First FirstOrDefault Last LastOrDefault Single SingleOrDefault ElementAt ElementAtOrDefault Find FindLast Min Max MinBy
MaxBy Dequeue Pop Peek GetValueOrDefault GetOrAdd AddOrUpdate FirstAsync FirstOrDefaultAsync SingleAsync SingleOrDefaultAsync Aggregate"""
ELEMENT: Final = frozenset(_ELEMENT.split())
_RUNNERS: Final = """Select SelectMany Where ForEach Any All First FirstOrDefault Single OrderBy OrderByDescending GroupBy ToDictionary Run
Sum Max Min Count Aggregate StartNew Invoke ContinueWith ConvertAll Find FindAll Exists RemoveAll Sort GetOrAdd AddOrUpdate TakeWhile
SkipWhile DistinctBy MinBy MaxBy Zip"""
RUNNERS: Final = frozenset(_RUNNERS.split())
# Which argument a method puts into the collection it is called on.
PUTS: Final = {"Add": -1, "TryAdd": 1, "Enqueue": 0, "Push": 0, "Insert": 1}
OBJECT_METHODS: Final = frozenset(
    ("ToString", "Equals", "GetHashCode", "GetType", "MemberwiseClone", "ReferenceEquals")
)
OF_NULLABLE: Final = frozenset(("HasValue", "Value", "GetValueOrDefault"))
_STRUCTS: Final = "DateTime DateTimeOffset TimeSpan Guid CancellationToken Span ReadOnlySpan KeyValuePair Nullable Rune"
STRUCTS: Final = frozenset(_STRUCTS.split())
CLASSES: Final = frozenset(("string", "String", "object", "Object", "dynamic", "null", "void"))
OF_PRIMITIVES: Final = frozenset(
    ("IComparable", "IConvertible", "IEquatable", "IFormattable", "ICloneable", "IEnumerable", "ValueType")
)
# How much kinds of sequences leave open, those that are classes not at all.
SEQUENCES: Final = {
    "IEnumerable": 3, "ICollection": 2, "IReadOnlyCollection": 2, "IList": 1, "IReadOnlyList": 1, "ISet": 1, "IDictionary": 1,
    "IReadOnlyDictionary": 1, "ReadOnlySpan": 1, "Span": 1,
}  # fmt: skip
# What members of the library give, by the type that has them (`*` any) and the type they give.
_GIVES: Final = """
* string: ToString FullName StackTrace
* Type: GetType DeclaringType ReflectedType ParameterType PropertyType FieldType
* int: GetHashCode Length Count CompareTo
* bool: Equals
string string: Empty Format Concat Join Substring Trim TrimStart TrimEnd ToLower ToUpper ToLowerInvariant ToUpperInvariant Insert
string string: Replace Remove PadLeft PadRight
string int: IndexOf LastIndexOf IndexOfAny Compare CompareOrdinal
string bool: Contains StartsWith EndsWith IsNullOrEmpty IsNullOrWhiteSpace
string string[]: Split
string char[]: ToCharArray
Type string: Name FullName Namespace AssemblyQualifiedName
Type Type: BaseType DeclaringType ReflectedType GetElementType MakeGenericType MakeArrayType GetGenericTypeDefinition GetTypeFromHandle
Type Type: UnderlyingSystemType
Type Type[]: GetGenericArguments GetInterfaces
Type bool: IsArray IsEnum IsAbstract IsInterface IsPrimitive IsPublic IsSealed IsAssignableFrom IsSubclassOf IsInstanceOfType
Exception string: Message StackTrace Source HelpLink
Exception Exception: InnerException GetBaseException
Path string: Combine GetFileName GetDirectoryName GetExtension GetFullPath GetTempPath GetFileNameWithoutExtension ChangeExtension
File string: ReadAllText
File bool: Exists
Environment string: NewLine MachineName UserName CurrentDirectory StackTrace
Convert string: ToBase64String
Convert byte[]: FromBase64String
DateTime DateTime: Now UtcNow Today Date AddDays AddHours AddMinutes AddSeconds AddMilliseconds ToUniversalTime ToLocalTime
TimeSpan TimeSpan: FromSeconds FromMilliseconds FromMinutes FromHours FromDays Zero
TimeSpan double: TotalSeconds TotalMilliseconds TotalMinutes TotalHours TotalDays
BitConverter byte[]: GetBytes
StringBuilder StringBuilder: Append AppendLine AppendFormat
Nullable bool: HasValue
"""
GIVES: Final = {
    (row.split()[0], member): row.partition(":")[0].split()[1]
    for row in _GIVES.strip().splitlines()
    for member in row.partition(": ")[2].split()
}


def gives(owner: str, member: str) -> str:
    """The type of what a member of the library gives, "" where that is not listed."""
    if owner == "Convert" and member.startswith("To") and member[2:] in WORDS:
        return WORDS[member[2:]]
    if owner.endswith("Exception"):
        owner = "Exception"
    return GIVES.get((owner, member)) or GIVES.get(("*", member), "")
