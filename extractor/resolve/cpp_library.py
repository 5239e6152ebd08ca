"""What the C and C++ standard libraries offer that call sites depend on."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRIMITIVES: Final = _words("""
void bool char short int long float double size_t ssize_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t
ptrdiff_t intptr_t uintptr_t wchar_t char16_t char32_t unsigned signed auto va_list off_t time_t
""")
LIBC: Final = _words("""
printf fprintf sprintf snprintf vsnprintf vfprintf vprintf scanf sscanf fscanf puts fputs fputc putchar getchar getc fgets fgetc
fopen fclose fread fwrite fseek ftell fflush feof ferror rewind remove rename tmpfile perror malloc calloc realloc free abort
exit atexit getenv system atoi atol atoll atof strtol strtoul strtoll strtoull strtod qsort bsearch rand srand abs labs memcpy
memmove memset memcmp memchr strcpy strncpy strcat strncat strcmp strncmp strchr strrchr strstr strlen strtok strdup strndup
strerror strcasecmp strncasecmp strspn strcspn isalpha isdigit isalnum isspace isupper islower isxdigit ispunct isprint toupper
tolower time clock difftime mktime localtime gmtime strftime assert sqrt pow fabs floor ceil exp log log2 log10 sin cos tan fmod
round lround fmin fmax open close read write lseek stat fstat mkdir unlink access fork execvp waitpid pipe dup2 socket bind listen
accept connect send recv select poll pthread_create pthread_join pthread_mutex_lock pthread_mutex_unlock pthread_mutex_init
usleep sleep nanosleep gettimeofday va_start va_end va_arg va_copy offsetof setjmp longjmp signal raise kill getpid isatty
""")
CUDA: Final = _words("""
cudaMalloc cudaFree cudaMemcpy cudaMemcpyAsync cudaMemset cudaMemsetAsync cudaDeviceSynchronize cudaStreamCreate cudaStreamSynchronize
cudaStreamDestroy cudaGetLastError cudaGetErrorString cudaEventCreate cudaEventRecord cudaEventSynchronize cudaEventElapsedTime
cudaSetDevice cudaGetDevice cudaGetDeviceCount cudaGetDeviceProperties cudaMallocManaged cudaMallocHost cudaFreeHost
__syncthreads __syncwarp __shfl_down_sync __shfl_sync __shfl_xor_sync __ballot_sync __ldg __threadfence atomicAdd atomicMax
atomicMin atomicCAS atomicExch atomicSub __expf __logf __fdividef rsqrtf sqrtf expf logf fmaxf fminf fabsf tanhf powf
""")
C_HEADERS: Final = _words("""
assert.h ctype.h errno.h fcntl.h float.h inttypes.h limits.h locale.h math.h pthread.h setjmp.h signal.h stdarg.h stdbool.h
stddef.h stdint.h stdio.h stdlib.h string.h strings.h time.h unistd.h wchar.h
""")
POINTERS: Final = _words(
    "unique_ptr shared_ptr weak_ptr optional observer_ptr scoped_ptr intrusive_ptr reference_wrapper scoped_refptr"
)
SEQUENCES: Final = _words("""
vector list deque set unordered_set multiset array span initializer_list forward_list queue stack priority_queue basic_string_view
""")
MAPS: Final = _words("map unordered_map multimap unordered_multimap flat_hash_map flat_map btree_map")
ELEMENTS: Final = _words("at front back top operator[] value get extract")
ITERATORS: Final = _words("begin end cbegin cend rbegin rend find lower_bound upper_bound insert erase emplace")
# Library functions that return an iterator of the range that their first argument begins.
SEARCHES: Final = _words("""
find find_if find_if_not max_element min_element lower_bound upper_bound remove remove_if unique partition adjacent_find next prev
""")
# Library functions that run the function they are given.
RUNNERS: Final = _words("""
qsort bsearch atexit signal pthread_create for_each transform sort stable_sort find_if count_if any_of all_of none_of remove_if
accumulate generate copy_if partition thread async call_once invoke apply function bind nth_element partial_sort min_element
max_element reduce
""")
# Folders with what is built on one platform only.
PLATFORMS: Final = frozenset({
    "aix", "amiga", "android", "bsd", "cygwin", "darwin", "dos", "emscripten", "esp32", "freebsd", "fuchsia", "haiku", "hpux", "ios",
    "linux", "mac", "macos", "macosx", "mingw", "msdos", "msvc", "netbsd", "openbsd", "os2", "osx", "posix", "qnx", "solaris", "sunos",
    "symbian", "tvos", "unix", "uwp", "vms", "vxworks", "wasm", "watchos", "win", "win32", "win64", "wince", "windows", "winrt", "zephyr",
})  # fmt: skip
