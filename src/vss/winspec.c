/* winspec.c - file specifications: compile once, match a name as a Win32 directory search does.
 *
 * A specification is translated to folded units and four marks (rules 5.4), each of which but
 * the stars takes a fixed amount at a given place of a name. So a failed match needs to go back
 * to the last star only, and a match costs at most units times marks; nothing is allocated.
 * Short (8.3) names are not looked at (T22), directories are not known here (rules 5.5). */
#include "vss/winpath.h"

#include "base/limits.h"
#include "vss/upcase.h"
#include "vss/wtf8.h"

/* Behind every unit and every raw byte. */
enum {
    MARK_STAR = 0x120000, /* anything                                                    */
    MARK_STAR_NODOT,      /* anything without a '.'; only at the end: "*." of rules 5.4  */
    MARK_ONE,             /* a unit other than '.'; nothing at a '.' or at the end       */
    MARK_DOT,             /* a '.'; nothing at the end                                   */
};

struct units {
    const uint32_t *p;
    uint32_t n;
};

static uint32_t upcase_unit_or_raw(uint32_t unit)
{
    return unit <= WTF8_UNIT_MAX ? upcase_unit((uint16_t)unit) : unit;
}

static uint32_t upcase_ascii(unsigned char c)
{
    return c - (c - (unsigned)'a' < 26u ? 0x20u : 0u);
}

/* The folded units of a name; false when there are more than room. */
static bool units_read(struct view name, uint32_t *out, uint32_t room, uint32_t *count)
{
    struct wtf8_reader reader = wtf8_reader(name);
    uint32_t n = 0;
    for (;;) {
        const size_t left = (size_t)(reader.end - reader.at);
        const size_t run = left < room - n ? left : room - n;
        for (size_t i = 0; i < run && *reader.at < 0x80 && reader.trail == 0; i++) {
            out[n++] = upcase_ascii(*reader.at++);
        }
        if (!wtf8_more(&reader) || n == room) {
            break;
        }
        out[n++] = upcase_unit_or_raw(wtf8_next(&reader));
    }
    *count = n;
    return !wtf8_more(&reader);
}

static bool is_wildcard(uint32_t unit)
{
    return unit == '*' || unit == '?';
}

/* One unit of a specification translated, by what stands beside it. */
static uint32_t translate_unit(struct units spec, uint32_t at)
{
    const bool last = at + 1 == spec.n;
    switch (spec.p[at]) {
    case '?':
        return MARK_ONE;
    case '*':
        return at + 2 == spec.n && spec.p[at + 1] == '.' ? MARK_STAR_NODOT : MARK_STAR;
    case '.':
        return !last && is_wildcard(spec.p[at + 1]) ? MARK_DOT : '.';
    default:
        return spec.p[at];
    }
}

static void spec_translate(struct arena *arena, struct units spec, struct win_spec *out)
{
    uint32_t *pattern = ARENA_ARRAY(arena, uint32_t, spec.n);
    uint32_t count = 0;
    for (uint32_t at = 0; at < spec.n; at++) {
        const uint32_t mark = translate_unit(spec, at);
        if (mark == MARK_STAR && count > 0 && pattern[count - 1] == MARK_STAR) {
            continue;
        }
        pattern[count++] = mark;
        if (mark == MARK_STAR_NODOT) {
            break; /* the final '.' is part of it */
        }
    }
    out->pattern = pattern;
    out->pattern_count = count;
}

bool win_spec_compile(struct arena *arena, struct view text, struct win_spec *out)
{
    uint32_t units[WIN_NAME_UNITS_MAX];
    struct units spec = {units, 0};
    if (!units_read(text, units, WIN_NAME_UNITS_MAX, &spec.n)) {
        return false;
    }
    bool wild = false;
    for (uint32_t i = 0; i < spec.n; i++) {
        if (units[i] == '\\' || units[i] == '/' || units[i] == ':' || units[i] == 0) {
            return false;
        }
        wild = wild || is_wildcard(units[i]);
    }
    *out = (struct win_spec){.text = text};
    out->all = spec.n == 0 || view_equal(text, VIEW("*")) || view_equal(text, VIEW("*.*"));
    out->literal = !wild && !out->all;
    if (out->literal) {
        out->folded = win_fold_copy(arena, text);
    } else if (!out->all) {
        spec_translate(arena, spec, out);
    }
    return true;
}

/* Does a mark that is no star hold at name's unit *at? It moves *at behind what it takes. */
static inline bool mark_holds(uint32_t mark, struct units name, uint32_t *at)
{
    const bool ended = *at == name.n;
    if (mark < MARK_STAR) {
        if (ended || name.p[*at] != mark) {
            return false;
        }
        ++*at;
        return true;
    }
    if (mark == MARK_ONE) {
        *at += !ended && name.p[*at] != '.';
        return true;
    }
    if (mark == MARK_DOT) {
        if (ended) {
            return true;
        }
        return name.p[(*at)++] == '.';
    }
    for (uint32_t i = *at; i < name.n; i++) { /* MARK_STAR_NODOT: the whole rest */
        if (name.p[i] == '.') {
            return false;
        }
    }
    *at = name.n;
    return true;
}

/* A star first takes nothing; when what follows fails, it takes one unit more. An earlier star
 * need never take more than it did: from an earlier place the same marks end no later. */
static bool pattern_match(struct units pattern, struct units name)
{
    uint32_t mark = 0, at = 0;
    uint32_t star_mark = MARK_NONE, star_at = 0;
    for (;;) {
        if (mark == pattern.n) {
            if (at == name.n || (star_mark != MARK_NONE && star_mark == mark)) {
                return true; /* all taken, or the last mark is a star */
            }
        } else if (pattern.p[mark] == MARK_STAR) {
            star_mark = ++mark;
            star_at = at;
            continue;
        } else if (mark_holds(pattern.p[mark], name, &at)) {
            mark++;
            continue;
        }
        if (star_mark == MARK_NONE || star_at == name.n) {
            return false;
        }
        at = ++star_at;
        mark = star_mark;
    }
}

/* Most names differ from a pattern in their first or last byte already, where the pattern has
 * an ASCII letter there; only ASCII folds to ASCII. */
static bool ends_differ(struct units pattern, struct view name)
{
    if (name.n == 0) {
        return false; /* some marks take nothing */
    }
    const uint32_t first = pattern.p[0], last = pattern.p[pattern.n - 1];
    return (first < 0x80 && upcase_ascii((unsigned char)name.p[0]) != first) ||
           (last < 0x80 && upcase_ascii((unsigned char)name.p[name.n - 1]) != last);
}

bool win_spec_match(const struct win_spec *spec, struct view name)
{
    if (spec->all) {
        return true;
    }
    if (spec->literal) {
        return win_fold_equal(spec->folded, name);
    }
    const struct units pattern = {spec->pattern, spec->pattern_count};
    uint32_t units[WIN_NAME_UNITS_MAX];
    struct units folded = {units, 0};
    return !ends_differ(pattern, name) && units_read(name, units, WIN_NAME_UNITS_MAX, &folded.n) &&
           pattern_match(pattern, folded);
}
