"""What Rust's standard library says that call sites depend on: which types are transparent, which hold elements, and which of
their methods give the whole, an element, an element perhaps, or what a closure gives.
"""

from __future__ import annotations

from typing import Final

PRIMITIVES: Final = frozenset(
    "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize String".split()  # noqa: SIM905
)
# A value of these behaves as the value inside.
TRANSPARENT: Final = frozenset(
    "Box Rc Arc Ref RefMut MutexGuard RwLockReadGuard RwLockWriteGuard Cow Pin RefCell Cell Mutex RwLock OnceCell Lazy LazyLock "  # noqa: SIM905
    "OnceLock ManuallyDrop Wrapping".split()
)
LISTS: Final = frozenset(
    "Vec VecDeque HashSet BTreeSet BinaryHeap LinkedList IndexSet SmallVec Iterator IntoIterator DoubleEndedIterator "  # noqa: SIM905
    "ExactSizeIterator Iter IterMut IntoIter Peekable Receiver Stream".split()
)
# Of these lists what comes is an iterator.
ITERATORS: Final = frozenset(
    "Iterator DoubleEndedIterator ExactSizeIterator Iter IterMut IntoIter Peekable Stream".split()  # noqa: SIM905
)
# Iterators that give what another one gives.
ADAPTED: Final = frozenset(
    "Rev Skip SkipWhile Take TakeWhile StepBy Fuse Cycle Cloned Copied Filter Inspect Chain".split()  # noqa: SIM905
)
# Functions that give what they are given first, or what was in there.
GIVE_BACK: Final = frozenset(
    f"{root}::{name}"
    for root in ("std", "core")
    for name in ("mem#take", "mem#replace", "cmp#max", "cmp#min", "convert#identity")
)
# Entries of maps: what they hold is a key and an element.
ENTRIES: Final = frozenset(("Entry", "OccupiedEntry", "VacantEntry"))
MAPS: Final = frozenset(("HashMap", "BTreeMap", "IndexMap", "DashMap"))
WRAPPERS: Final = frozenset(("Option", "Result", "Poll", "JoinHandle", "Entry"))
# Named without an import.
PRELUDE: Final = (
    PRIMITIVES
    | TRANSPARENT
    | LISTS
    | MAPS
    | WRAPPERS
    | ADAPTED
    | {"Enumerate"}
    | frozenset(
        "Clone Copy Debug Default Drop Eq Fn FnMut FnOnce From Hash Into Ord PartialEq PartialOrd Send Sized Sync ToOwned ToString "  # noqa: SIM905
        "TryFrom TryInto AsRef AsMut Extend Display Error Path PathBuf".split()
    )
)
CONSTRUCTORS: Final = frozenset(("Some", "Ok", "Err", "None", "drop"))
SAME: Final = frozenset(
    "iter iter_mut into_iter filter rev skip take skip_while take_while chain peekable cloned copied by_ref collect to_vec clone "  # noqa: SIM905
    "as_slice as_mut_slice drain inspect step_by cycle fuse sorted as_ref as_mut borrow borrow_mut to_owned lock read write unwrap "
    "expect into deref deref_mut get_mut into_inner as_deref as_deref_mut into_boxed_slice split_off range leak pin".split()
)
# What every iterator can do, those written here too.
ADAPTORS: Final = frozenset(
    "collect map filter filter_map flat_map flatten enumerate zip take skip take_while skip_while map_while chain rev peekable "  # noqa: SIM905
    "step_by cloned copied inspect fuse cycle last nth find min_by_key max_by_key min max min_by max_by fold reduce by_ref".split()
)
# Which argument a method puts into the collection it is called on.
PUTS: Final = {"push": 0, "push_back": 0, "push_front": 0, "insert": 1, "replace": 0}
PERHAPS: Final = frozenset(
    "next first last get get_mut pop pop_front pop_back find min_by_key max_by_key min max min_by max_by nth peek front back "  # noqa: SIM905
    "first_mut last_mut next_back insert reduce recv try_recv find_map peek_mut front_mut back_mut".split()
)
UNWRAPPED: Final = frozenset(
    "unwrap expect unwrap_or unwrap_or_else unwrap_or_default unwrap_unchecked insert get_or_insert get_or_insert_with "  # noqa: SIM905
    "or_insert or_insert_with or_default join into_ok".split()
)
RUNNERS: Final = frozenset(
    "map filter for_each any all find position fold filter_map flat_map and_then or_else unwrap_or_else map_err then sort_by "  # noqa: SIM905
    "sort_by_key retain take_while skip_while min_by_key max_by_key spawn call_once get_or_init or_insert_with ok_or_else "
    "map_or map_or_else inspect scan dedup_by_key partition is_some_and".split()
)
# Traits that say little of what a value can do beside what its other traits say.
MARKERS: Final = frozenset(
    "Clone Copy Debug Default Display Eq Hash Ord PartialEq PartialOrd Send Sized Sync ToOwned ToString Unpin UnwindSafe".split()  # noqa: SIM905
)
# Traits whose derive macros are the language's own, `""` for none.
DERIVED: Final = frozenset({"", "Clone", "Copy", "Debug", "Default", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"})
# What methods of `str` and `String` give.
OF_STR: Final = {
    **dict.fromkeys(("as_bytes", "into_bytes", "to_vec"), "[u8]"),
    **dict.fromkeys(("chars",), "Iterator<char>"),
    **dict.fromkeys(("bytes",), "Iterator<u8>"),
    **dict.fromkeys(("char_indices",), "Iterator<(usize, char)>"),
    **dict.fromkeys(("lines", "split", "splitn", "rsplit", "split_whitespace", "split_terminator", "matches"), "Iterator<str>"),
    **dict.fromkeys(("find", "rfind"), "Option<usize>"),
    **dict.fromkeys(("strip_prefix", "strip_suffix", "get"), "Option<str>"),
    **dict.fromkeys(("split_once", "rsplit_once"), "Option<(str, str)>"),
    **dict.fromkeys(("split_at",), "(str, str)"),
    **dict.fromkeys(
        ("as_str", "trim", "trim_start", "trim_end", "trim_matches", "trim_start_matches", "trim_end_matches", "repeat", "replace",
         "to_lowercase", "to_uppercase", "to_ascii_lowercase", "to_ascii_uppercase", "to_string", "to_owned"), "String"),
}  # fmt: skip
# What the types of the standard library have of their own: no trait written elsewhere hides that.
OWN: Final = {
    "[]": SAME
    | ADAPTORS
    | PERHAPS
    | frozenset(PUTS)
    | RUNNERS
    | frozenset(
        "len is_empty join concat contains starts_with ends_with sort sort_unstable binary_search chunks windows split split_at truncate "  # noqa: SIM905
        "resize extend append clear remove swap swap_remove reserve capacity with_capacity new dedup repeat count sum product eq ne lt "
        "unzip next_back size_hint to_ascii_lowercase is_ascii eq_ignore_ascii_case copy_from_slice as_ptr fill rotate_left".split()
    ),
    "str": frozenset(
        "len is_empty as_bytes as_str chars bytes char_indices lines split splitn rsplit split_at trim trim_start trim_end find rfind "  # noqa: SIM905
        "contains starts_with ends_with replace parse to_lowercase to_uppercase to_string to_owned into_bytes is_char_boundary repeat "
        "push push_str pop clear truncate insert remove get as_ptr strip_prefix strip_suffix split_whitespace matches is_ascii "
        "eq_ignore_ascii_case to_ascii_lowercase to_ascii_uppercase".split()
    ),
    "Option": SAME
    | PERHAPS
    | UNWRAPPED
    | RUNNERS
    | frozenset(("ok_or", "is_some", "is_none", "zip", "take", "xor", "or")),
    "Result": SAME | UNWRAPPED | RUNNERS | frozenset(("ok", "err", "is_ok", "is_err", "or")),
}
OWN["Iterator[]"] = (
    ADAPTORS | RUNNERS | {"next", "next_back", "count", "sum", "product", "unzip", "size_hint", "eq", "by_ref"}
)
OWN["String"] = OWN["str"]
