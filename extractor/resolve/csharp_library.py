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
