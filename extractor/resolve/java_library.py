"""What the Java standard library says that call sites depend on: where types live, what their methods return, what they pass on.

Result types are written with T0, T1 for the receiver's type arguments and R for what the lambda given returns.
"""

from __future__ import annotations

from typing import Final

_PACKAGES: Final = """
java.lang: Object String StringBuilder StringBuffer CharSequence Integer Long Double Float Boolean Byte Short
java.lang: Character Number Math System Thread
java.lang: Runnable Iterable Comparable Cloneable AutoCloseable Class ClassLoader Enum Record Process ProcessBuilder
java.lang: Runtime Void ThreadLocal Override
java.lang: Deprecated SuppressWarnings FunctionalInterface SafeVarargs Throwable Exception Error RuntimeException
java.lang: IllegalArgumentException
java.lang: IllegalStateException NullPointerException IndexOutOfBoundsException ClassCastException
java.lang: ArithmeticException UnsupportedOperationException
java.lang: NumberFormatException ArrayIndexOutOfBoundsException StringIndexOutOfBoundsException InterruptedException
java.lang: CloneNotSupportedException
java.lang: ClassNotFoundException NoSuchMethodException NoSuchFieldException ReflectiveOperationException
java.lang: AssertionError OutOfMemoryError
java.lang: StackOverflowError NegativeArraySizeException ArrayStoreException SecurityException StackTraceElement
java.lang: InstantiationException
java.lang: IllegalAccessException LinkageError NoClassDefFoundError ExceptionInInitializerError
java.lang: IllegalMonitorStateException Appendable Readable
java.lang: InheritableThreadLocal ThreadGroup StrictMath Package Module ModuleLayer StackWalker
java.lang: EnumConstantNotPresentException TypeNotPresentException
java.util: List ArrayList LinkedList Vector Stack Map HashMap LinkedHashMap TreeMap SortedMap NavigableMap Set
java.util: HashSet LinkedHashSet TreeSet
java.util: SortedSet NavigableSet Collection Collections Arrays Iterator ListIterator Queue Deque ArrayDeque
java.util: PriorityQueue Optional OptionalInt
java.util: OptionalLong OptionalDouble Objects Random Scanner UUID Date Calendar Locale Properties StringTokenizer
java.util: StringJoiner Comparator BitSet
java.util: EnumMap EnumSet Hashtable IdentityHashMap WeakHashMap Enumeration EventListener EventObject Timer
java.util: TimerTask NoSuchElementException Base64
java.util: ConcurrentModificationException InputMismatchException MissingResourceException AbstractList AbstractMap
java.util: AbstractSet AbstractCollection
java.util: Currency Formatter ResourceBundle ServiceLoader Spliterator TimeZone GregorianCalendar RandomAccess
java.util: Dictionary Observable Observer
java.util.function: Function BiFunction Supplier Consumer BiConsumer Predicate BiPredicate UnaryOperator
java.util.function: BinaryOperator IntFunction ToIntFunction
java.util.function: IntPredicate IntUnaryOperator IntBinaryOperator ToLongFunction ToDoubleFunction IntConsumer
java.util.function: IntSupplier BooleanSupplier LongSupplier
java.util.stream: Stream IntStream LongStream DoubleStream Collectors Collector StreamSupport
java.util.concurrent: ExecutorService Executor Executors Callable Future CompletableFuture ConcurrentHashMap
java.util.concurrent: ConcurrentMap CountDownLatch TimeUnit
java.util.concurrent: CopyOnWriteArrayList BlockingQueue LinkedBlockingQueue ArrayBlockingQueue ExecutionException
java.util.concurrent: TimeoutException Semaphore
java.util.concurrent: ConcurrentLinkedQueue ThreadPoolExecutor ScheduledExecutorService ThreadLocalRandom
java.util.concurrent: CompletionException ThreadFactory
java.io: IOException InputStream OutputStream Reader Writer BufferedReader BufferedWriter File FileReader FileWriter
java.io: FileInputStream
java.io: FileOutputStream InputStreamReader OutputStreamWriter PrintStream PrintWriter StringReader StringWriter
java.io: Serializable Closeable Flushable
java.io: FileNotFoundException UncheckedIOException EOFException ByteArrayInputStream ByteArrayOutputStream
java.io: ObjectInputStream ObjectOutputStream
java.io: BufferedInputStream BufferedOutputStream DataInputStream DataOutputStream Console RandomAccessFile
java.io: InvalidObjectException
java.util.regex: Pattern Matcher MatchResult PatternSyntaxException
java.util.concurrent.atomic: AtomicInteger AtomicLong AtomicBoolean AtomicReference LongAdder
java.util.concurrent.locks: Lock ReentrantLock ReadWriteLock ReentrantReadWriteLock Condition
java.lang.ref: WeakReference SoftReference ReferenceQueue
java.nio: ByteBuffer CharBuffer Buffer
java.nio.charset: Charset StandardCharsets
java.nio.file: Path Paths Files NoSuchFileException
java.math: BigDecimal BigInteger MathContext RoundingMode
java.net: URI URL HttpURLConnection Socket ServerSocket URISyntaxException MalformedURLException InetAddress
java.time: Instant Duration LocalDate LocalDateTime LocalTime ZonedDateTime ZoneId Clock Period
java.text: SimpleDateFormat DateFormat NumberFormat DecimalFormat ParseException MessageFormat ParsePosition
java.lang.reflect: Type ParameterizedType GenericArrayType WildcardType TypeVariable Method Field Constructor
java.lang.reflect: Modifier InvocationTargetException
java.lang.reflect: AccessibleObject Array Proxy Member InvocationHandler AnnotatedElement
"""
# The package of each known type: java.lang needs no import, the others decide what a star import brings.
PACKAGE_OF: Final = {
    name: package
    for line in _PACKAGES.strip().splitlines()
    for package, _, names in (line.partition(": "),)
    for name in names.split()
}
JAVA_LANG: Final = frozenset(name for name, package in PACKAGE_OF.items() if package == "java.lang")

_PARENTS: Final = """
Collection Iterable; List Collection; Set Collection; Queue Collection; Deque Queue; SortedSet Set
NavigableSet SortedSet; SortedMap Map
NavigableMap SortedMap; ConcurrentMap Map; ArrayList List; LinkedList List; Vector List; Stack Vector
CopyOnWriteArrayList List; HashSet Set
LinkedHashSet Set; TreeSet NavigableSet; EnumSet Set; HashMap Map; LinkedHashMap Map; TreeMap NavigableMap
ConcurrentHashMap ConcurrentMap
EnumMap Map; Hashtable Map; WeakHashMap Map; IdentityHashMap Map; ArrayDeque Deque; PriorityQueue Queue
BlockingQueue Queue
LinkedBlockingQueue BlockingQueue; ArrayBlockingQueue BlockingQueue; ConcurrentLinkedQueue Queue
ListIterator Iterator
CompletableFuture Future; UnaryOperator Function; BinaryOperator BiFunction; ExecutorService Executor
ScheduledExecutorService ExecutorService
AbstractList List; AbstractSet Set; AbstractMap Map; AbstractCollection Collection
Short Number; Byte Number; String CharSequence; StringBuilder CharSequence; Integer Number; Long Number; Double Number; Float Number
BigDecimal Number; BigInteger Number
BufferedReader Reader; InputStreamReader Reader; FileReader InputStreamReader; StringReader Reader
BufferedWriter Writer; PrintWriter Writer
StringWriter Writer; FileWriter Writer; FileInputStream InputStream; ByteArrayInputStream InputStream
FileOutputStream OutputStream
ByteArrayOutputStream OutputStream; PrintStream OutputStream
"""
PARENT_OF: Final = {
    child: parent
    for pair in _PARENTS.replace("\n", ";").split(";")
    if pair.strip()
    for child, parent in (pair.split(),)
}

_RESULTS: Final = """
Iterable: iterator Iterator<T0>
Iterator: next T0
ListIterator: previous T0
Collection: stream Stream<T0>; parallelStream Stream<T0>; size int; isEmpty boolean; contains boolean; add boolean
Collection: remove boolean
List: get T0; set T0; remove T0; subList List<T0>; listIterator ListIterator<T0>; getFirst T0; getLast T0
List: removeFirst T0; removeLast T0; indexOf int; reversed List<T0>
Vector: elementAt T0; firstElement T0; lastElement T0
Stack: push T0; pop T0; peek T0
Queue: poll T0; peek T0; element T0; remove T0; take T0
Deque: getFirst T0; getLast T0; peekFirst T0; peekLast T0; pollFirst T0; pollLast T0; pop T0; removeFirst T0
Deque: removeLast T0
SortedSet: first T0; last T0; floor T0; ceiling T0; higher T0; lower T0; pollFirst T0; pollLast T0
SortedSet: headSet SortedSet<T0>; tailSet SortedSet<T0>
Map: get T1; put T1; remove T1; getOrDefault T1; putIfAbsent T1; computeIfAbsent T1; computeIfPresent T1; compute T1
Map: merge T1; replace T1
Map: keySet Set<T0>; values Collection<T1>; entrySet Set<Map.Entry<T0,T1>>; containsKey boolean; size int
Map: isEmpty boolean
SortedMap: firstKey T0; lastKey T0; firstEntry Map.Entry<T0,T1>; lastEntry Map.Entry<T0,T1>
SortedMap: floorEntry Map.Entry<T0,T1>; ceilingEntry Map.Entry<T0,T1>
SortedMap: headMap SortedMap<T0,T1>; tailMap SortedMap<T0,T1>; pollFirstEntry Map.Entry<T0,T1>
Map.Entry: getKey T0; getValue T1; setValue T1
Optional: get T0; orElse T0; orElseGet T0; orElseThrow T0; filter Optional<T0>; map Optional<R>; flatMap R
Optional: or Optional<T0>; stream Stream<T0>; isPresent boolean
Optional.: of Optional<A>; ofNullable Optional<A>
Stream: filter Stream<T0>; map Stream<R>; flatMap R; peek Stream<T0>; sorted Stream<T0>; distinct Stream<T0>
Stream: limit Stream<T0>; skip Stream<T0>
Stream: findFirst Optional<T0>; findAny Optional<T0>; min Optional<T0>; max Optional<T0>; reduce T0; toList List<T0>
Stream: iterator Iterator<T0>
Stream: parallel Stream<T0>; sequential Stream<T0>; takeWhile Stream<T0>; dropWhile Stream<T0>; collect List<T0>
Stream: count long; anyMatch boolean
Stream.: of Stream<A>; generate Stream<R>; iterate Stream<A>; concat A
Arrays.: asList List<A>; stream Stream<E>; copyOf A; copyOfRange A
List.: of List<A>; copyOf A
Set.: of Set<A>; copyOf A
Collections.: unmodifiableList A; unmodifiableMap A; unmodifiableSet A; unmodifiableCollection A; synchronizedList A
Collections.: synchronizedMap A; singletonList List<A>
Collections.: singleton Set<A>; max E; min E
Objects.: requireNonNull A; requireNonNullElse A
Supplier: get T0
Callable: call T0
Future: get T0; join T0; getNow T0
CompletableFuture: thenApply CompletableFuture<R>; thenCompose R; thenAccept CompletableFuture<Void>
CompletableFuture: whenComplete CompletableFuture<T0>
CompletableFuture: exceptionally CompletableFuture<T0>; handle CompletableFuture<R>
CompletableFuture.: supplyAsync CompletableFuture<R>; completedFuture CompletableFuture<A>
ExecutorService: submit Future<R>
Function: apply T1
UnaryOperator: apply T0
BinaryOperator: apply T0
BiFunction: apply T2
Predicate: test boolean; and Predicate<T0>; or Predicate<T0>; negate Predicate<T0>
ThreadLocal: get T0
AtomicReference: get T0; getAndSet T0; updateAndGet T0
WeakReference: get T0
SoftReference: get T0
Class: newInstance T0; cast T0; getName String; getSimpleName String
String: substring String; trim String; toLowerCase String; toUpperCase String; replace String; split String[]
String: length int; charAt char; concat String
String: strip String; toCharArray char[]; equals boolean; isEmpty boolean; format String; indexOf int; join String
String: valueOf String; repeat String; chars IntStream; lines Stream<String>
StringBuilder: append StringBuilder; toString String; insert StringBuilder; reverse StringBuilder; length int
StringBuilder: deleteCharAt StringBuilder
Object: toString String; equals boolean; hashCode int; getClass Class
Appendable: append Appendable
Pattern: matcher Matcher; split String[]; pattern String
Matcher: group String; matches boolean; find boolean; replaceAll String; replaceFirst String
Pattern.: compile Pattern
Logger.: getLogger Logger
Path: resolve Path; getParent Path; toFile File; toString String; toAbsolutePath Path; getFileName Path
Paths.: get Path
Path.: of Path
Executors.: newFixedThreadPool ExecutorService; newCachedThreadPool ExecutorService; newSingleThreadExecutor ExecutorService
AtomicInteger: get int; incrementAndGet int; getAndIncrement int
AtomicLong: get long; incrementAndGet long; getAndIncrement long
Number: intValue int; longValue long; doubleValue double; floatValue float; shortValue short; byteValue byte
Integer: parseInt int; valueOf Integer; toString String; compare int; sum int; max int; min int
Integer: bitCount int; toHexString String; compareTo int
Long: parseLong long; valueOf Long; toString String; compare int; sum long; max long; min long; hashCode int
Double: parseDouble double; valueOf Double; toString String; compare int; sum double; max double; min double
Float: parseFloat float; valueOf Float; compare int
Short: parseShort short; valueOf Short; compare int
Byte: parseByte byte; valueOf Byte; compare int
Boolean: parseBoolean boolean; valueOf Boolean; booleanValue boolean; toString String
Character: valueOf Character; charValue char; isDigit boolean; isLetter boolean; toString String; toUpperCase char
Character: toLowerCase char; getNumericValue int; isWhitespace boolean
Math.: sqrt double; pow double; random double; floor double; ceil double; log double; exp double; sin double; cos double
Math.: floorMod int; hypot double; cbrt double; signum double; abs A; max A; min A
System.: currentTimeMillis long; nanoTime long; identityHashCode int; getProperty String; getenv String; lineSeparator String
Arrays.: toString String; hashCode int; deepToString String
Objects.: equals boolean; hash int; hashCode int; toString String; isNull boolean; nonNull boolean
Throwable: getMessage String; getLocalizedMessage String; getCause Throwable; getStackTrace StackTraceElement[]
Enum: name String; ordinal int
BufferedReader: readLine String; lines Stream<String>
"""
# "List.get" -> "T0"; a static method is found under "Optional..of".
RESULT_OF: Final = {
    f"{owner}.{method}": result
    for line in _RESULTS.strip().splitlines()
    for owner, _, pairs in (line.partition(": "),)
    for pair in pairs.split("; ")
    for method, result in (pair.split(" ", 1),)
}
# These keep what they are given.
STORES: Final = frozenset(("add", "addFirst", "addLast", "offer", "push", "set", "put", "putIfAbsent"))
OBJECT_METHODS: Final = frozenset(
    ("toString", "equals", "hashCode", "getClass", "notify", "notifyAll", "wait", "clone", "finalize")
)
ENUM_METHODS: Final = frozenset(["values", "valueOf", "name", "ordinal", "compareTo", "getDeclaringClass"])
WIDENING: Final = ("byte", "short", "int", "long", "float", "double")
BOXED: Final = {
    "byte": "Byte", "short": "Short", "int": "Integer", "long": "Long", "float": "Float", "double": "Double",
    "char": "Character", "boolean": "Boolean",
}  # fmt: skip


def ancestors(name: str) -> list[str]:
    """A library type and what it extends, nearest first, Object last."""
    found = [name]
    while found[-1] in PARENT_OF:
        found.append(PARENT_OF[found[-1]])
    if name.endswith(("Exception", "Error")):
        found.append("Throwable")
    return [*found, "Object"]
