/* ranges.c - which bytes of a file: the range strings of documents and the ranges files that
 * writers leave beside them (rules 7.5, 7.6).
 *
 * Reads and bounds; whether a range lies within what was saved (T52), and whether two lists
 * pair up (T51), is asked where the file's size and the other list are known. */
#include "vss/ranges.h"

#include "base/bug.h"
#include "base/limits.h"

#define RANGE_END_MAX ((uint64_t)INT64_MAX) /* rules 7.5: offset + length <= 2^63 - 1 */

static const char fault_past_end[] = "a range ends beyond 2^63 - 1";

static bool range_fits(struct vss_range range)
{
    return range.offset <= RANGE_END_MAX && range.length <= RANGE_END_MAX - range.offset;
}

/* --- range lists ----------------------------------------------------------------------- */

struct scan {
    struct view text;
    size_t at;
    const char *fault;
};

static bool scan_fails(struct scan *scan, const char *fault)
{
    scan->fault = fault;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void scan_blanks(struct scan *scan)
{
    while (scan->at < scan->text.n && is_blank(scan->text.p[scan->at])) {
        scan->at++;
    }
}

/* The next byte is c: step over it. */
static bool scan_take(struct scan *scan, char c)
{
    if (scan->at < scan->text.n && scan->text.p[scan->at] == c) {
        scan->at++;
        return true;
    }
    return false;
}

/* The value of a digit of any base up to 16, or 16. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    const char small = (char)(c | 0x20);
    return small >= 'a' && small <= 'f' ? (unsigned)(small - 'a') + 10 : 16;
}

static bool scan_number(struct scan *scan, uint64_t *out)
{
    unsigned base = 10;
    const struct view left = view_skip(scan->text, scan->at);
    if (left.n >= 2 && left.p[0] == '0' && (left.p[1] | 0x20) == 'x') {
        base = 16;
        scan->at += 2;
    }
    const size_t first = scan->at;
    uint64_t value = 0;
    for (; scan->at < scan->text.n; scan->at++) {
        const unsigned digit = digit_value(scan->text.p[scan->at]);
        if (digit >= base) {
            break;
        }
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return scan_fails(scan, "a number does not fit 64 bits");
        }
    }
    if (scan->at == first) {
        return scan_fails(scan, "a number is missing (decimal, or hexadecimal behind 0x)");
    }
    *out = value;
    return true;
}

static bool scan_pair(struct scan *scan, struct vss_range *out)
{
    const size_t first = scan->at;
    if (!scan_number(scan, &out->offset)) {
        return false;
    }
    scan_blanks(scan);
    if (!scan_take(scan, ':')) {
        return scan_fails(scan, "a ':' between offset and length is missing");
    }
    scan_blanks(scan);
    if (!scan_number(scan, &out->length)) {
        return false;
    }
    if (!range_fits(*out)) {
        scan->at = first;
        return scan_fails(scan, fault_past_end);
    }
    return true;
}

/* A whole range list; ranges are only counted where list is NULL. */
static bool scan_list(struct scan *scan, struct vss_range *list, uint32_t *count)
{
    *count = 0;
    do {
        struct vss_range range;
        scan_blanks(scan); /* only ever behind a comma: a list begins with a digit */
        if (!scan_pair(scan, &range)) {
            return false;
        }
        if (list != NULL) {
            list[*count] = range;
        }
        ++*count;
    } while (scan_take(scan, ','));
    return scan->at == scan->text.n ||
           scan_fails(scan, "something other than a ',' follows a range");
}

static bool list_parse(struct arena *arena, struct scan *scan, struct vss_ranges *out)
{
    uint32_t count = 0;
    if (!scan_list(scan, NULL, &count)) {
        return false;
    }
    out->list = ARENA_ARRAY(arena, struct vss_range, count);
    scan->at = 0;
    VSR_REQUIRE(scan_list(scan, out->list, &out->count) && out->count == count);
    return true;
}

/* --- the name of a ranges file ------------------------------------------------------------ */

static bool is_separator(char c)
{
    return c == '\\' || c == '/';
}

/* Drive, UNC, verbatim or %VAR% path: enough to tell it from a broken list. */
static bool is_full_path(struct view text)
{
    const char first = text.n > 0 ? (char)(text.p[0] | 0x20) : '\0';
    if (text.n >= 3 && first >= 'a' && first <= 'z') {
        return text.p[1] == ':' && is_separator(text.p[2]);
    }
    if (text.n >= 2 && text.p[0] == '%') {
        return view_find(view_skip(text, 1), '%') < text.n - 1;
    }
    return text.n >= 3 && is_separator(text.p[0]) && (is_separator(text.p[1]) || text.p[1] == '?');
}

static bool file_parse(struct scan *scan, struct vss_ranges *out)
{
    const struct view mark = VIEW("File=");
    if (scan->text.n >= mark.n && view_equal_ascii((struct view){scan->text.p, mark.n}, mark)) {
        scan->at = mark.n;
        scan_blanks(scan);
    }
    out->file = view_skip(scan->text, scan->at);
    if (!is_full_path(out->file)) {
        out->file = VIEW_NONE;
        return scan_fails(scan,
                          "neither a list of offset:length nor the full path of a ranges file");
    }
    return true;
}

bool vss_ranges_parse(struct arena *arena, struct view text, struct vss_ranges *out,
                      const char **fault, size_t *at)
{
    struct scan scan = {text, 0, NULL};
    *out = (struct vss_ranges){.file = VIEW_NONE};
    bool right = false;
    if (text.n == 0) {
        scan.fault = "it is empty";
    } else if (text.n > DOCUMENT_VALUE_BYTES_MAX) {
        scan.fault = "it is longer than any attribute may be";
    } else if (text.p[0] >= '0' && text.p[0] <= '9') {
        right = list_parse(arena, &scan, out);
    } else {
        right = file_parse(&scan, out);
    }
    *fault = scan.fault;
    *at = right ? 0 : scan.at;
    return right;
}

/* --- ranges files -------------------------------------------------------------------------- */

static uint64_t little_endian(const char *p)
{
    const unsigned char *bytes = (const unsigned char *)p;
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) {
        value = value << 8 | bytes[i];
    }
    return value;
}

bool vss_ranges_file_parse(struct arena *arena, struct view bytes, struct vss_ranges *out,
                           uint64_t *tail_bytes, const char **fault)
{
    *out = (struct vss_ranges){.file = VIEW_NONE};
    *tail_bytes = 0;
    *fault = NULL;
    if (bytes.n < 8) {
        *fault = "it is shorter than its own count";
        return false;
    }
    const uint64_t count = little_endian(bytes.p);
    const uint64_t pairs = (bytes.n - 8) / 16;
    if (count > pairs) {
        *fault = "it is shorter than the count of its ranges says";
        return false;
    }
    if (count > UINT32_MAX) { /* GCOVR_EXCL_START: such a file has 64 GiB */
        *fault = "it holds more than 2^32 - 1 ranges";
        return false;
    } /* GCOVR_EXCL_STOP */
    out->list = ARENA_ARRAY(arena, struct vss_range, count);
    out->count = (uint32_t)count;
    for (uint32_t i = 0; i < out->count; i++) {
        const char *pair = bytes.p + 8 + (size_t)i * 16;
        out->list[i] = (struct vss_range){little_endian(pair), little_endian(pair + 8)};
        if (!range_fits(out->list[i])) {
            *fault = fault_past_end;
            *out = (struct vss_ranges){.file = VIEW_NONE};
            return false;
        }
    }
    *tail_bytes = bytes.n - 8 - count * 16;
    return true;
}
