/* winpath.h - Windows paths and names: canonical form, case, environment, wildcards.
 *
 * Text is WTF-8: UTF-8 in which a lone UTF-16 surrogate may stand as its three bytes, as NTFS
 * allows in names. A byte that is not even WTF-8 (a Linux name met by pack) is kept and
 * compared as itself: it equals no unit. A surrogate pair written as twice three bytes is the
 * same two units as one of four. Everything here is pure: no system call, and what is returned
 * stands in the arena given; folding, comparing and matching allocate nothing. Any thread. */
#ifndef VSS_WINPATH_H
#define VSS_WINPATH_H

#include "base/arena.h"

/* --- case: NTFS's upcase rule, one UTF-16 unit to one, locale-independent (rules 5.3) --- */

/* text with every unit upcased; out holds at least 3 * text.n bytes (an upcased unit may be
 * longer in WTF-8 than the unit that it came from). Returns the bytes written. Two texts are
 * equal by win_fold_equal() exactly if the bytes written are; folding twice changes nothing. */
size_t win_fold(struct view text, char *out);
/* As win_fold(), in the arena, with a NUL behind it; an absent view stays absent. */
struct view win_fold_copy(struct arena *arena, struct view text);
bool win_fold_equal(struct view a, struct view b);
/* -1, 0 or 1: a total order on folded UTF-16 units, as NTFS sorts (not the order of win_fold()'s
 * bytes), with bytes that are no WTF-8 behind all units. No ties but equality. */
int win_fold_compare(struct view a, struct view b);
/* Equal for texts that win_fold_equal(); hash_bytes() of win_fold()'s bytes up to 504 of them. */
uint64_t win_fold_hash(struct view text);

/* --- environment (rules 5.3; contract, --env, ruling 32) --- */

struct win_env {
    struct view (*names)[2]; /* {name, value} */
    uint32_t count;
};

/* %NAME% in text replaced (names without regard to case). A '%' is literal when it has no
 * partner, when its partner is the next character, or when a backslash or '/' stands between
 * them ("C:\50%\60%": no name holds one). False: *unknown, a part of text, is the first name
 * without a value. Values are not expanded again. Without any '%', *out is text itself. */
bool win_env_expand(struct arena *arena, const struct win_env *env, struct view text,
                    struct view *out, struct view *unknown);

/* --- canonical directories and files (rules 5.3) --- */

enum win_volume_kind { VOLUME_LETTER, VOLUME_GUID, VOLUME_UNC };

struct win_path {
    enum win_volume_kind kind;
    /* "C:" (upper case), "\\?\Volume{guid}" (small letters), "\\server\share" (as given) */
    struct view volume;
    struct view rest; /* "Windows\System32": no backslash at either end; empty = the root */
};

enum win_path_fault {
    WIN_PATH_OK,
    WIN_PATH_EMPTY,
    WIN_PATH_RELATIVE, /* "foo", "C:foo", "\foo" */
    WIN_PATH_DOTS,     /* a "." or ".." element  */
    WIN_PATH_WILDCARD, /* '*' or '?' in a path   */
    WIN_PATH_TOO_LONG,
    WIN_PATH_BAD_NAME /* a NUL or ':' inside an element */
};

/* text must be expanded already. '/' is taken for '\'; "\\?\", "\\?\UNC\", "\??\" prefixes are
 * stripped; runs of backslashes collapse; a trailing one goes, so "C:" and "\\srv\share" are
 * roots. RELATIVE is whatever does not begin with a whole volume: "\\srv", "\\?\Volume{no GUID}",
 * "\\?\GLOBALROOT\x" too. TOO_LONG: 32,767 units, 255 for an element. Views stand in the arena.
 * Writing the path by win_path_text() and parsing that gives the same path. */
enum win_path_fault win_path_parse(struct arena *arena, struct view text, struct win_path *out);
const char *win_path_fault_text(enum win_path_fault fault);

/* The whole: "C:\Windows", "C:\", "\\?\Volume{g}\x", "\\srv\share\". In the arena. */
struct view win_path_text(struct arena *arena, const struct win_path *path);

/* The next element of *rest, which it is cut from, the backslashes behind it with it; absent
 * view when rest is empty. */
struct view win_path_element(struct view *rest);

/* --- wildcards (rules 5.4), compiled once, matched over UTF-16 units --- */

struct win_spec {
    bool all;                /* "", "*", "*.*"                     */
    bool literal;            /* no wildcard: compare folded        */
    struct view text;        /* as given                           */
    struct view folded;      /* of a literal, folded               */
    const uint32_t *pattern; /* translated; vss/winspec.c reads it */
    uint32_t pattern_count;
};

/* False: text holds a backslash, '/', ':' or NUL (T73), or is longer than a name. An absent text
 * is an empty one. text is borrowed for as long as *out is used. */
bool win_spec_compile(struct arena *arena, struct view text, struct win_spec *out);

/* Does the name (one element, no path) match? At most name units * pattern marks steps, no
 * allocation. A name beyond 255 units, which neither NTFS nor Linux has, only `all` matches. */
bool win_spec_match(const struct win_spec *spec, struct view name);

/* --- names a Windows volume cannot hold (contract, ruling 21) --- */

/* NULL, or why not: one of \ / : * ? " < > | or a control character, a trailing dot or blank,
 * a device name (CON, NUL.txt, COM1 ...), longer than 255 units, empty, "." or "..". Static. */
const char *win_name_fault(struct view name);

/* The UTF-16 units of name; out holds name.n units. Bytes that are not WTF-8 count as one unit
 * each (0xDC00 + byte). */
size_t win_units(struct view name, uint16_t *out);

#endif
