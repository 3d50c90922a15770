/* rules_layout.c - how a file lies on the page: columns, lengths, blanks, line ends, bytes
 * beyond ASCII, the comment at its head, the guard of a header.
 *
 * What clang-format can settle is left to it; these are the limits that it does not hold. */
#include "tidy.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    COLUMNS_MAX = 100,
    FUNCTION_LINES_MAX = 70,   /* a screen; aim at 15 to 30 */
    FILE_LINES_SOFT_MAX = 500, /* a note */
    FILE_LINES_MAX = 800,
};

/* Files that people write line by line, and so must keep clean; test data may be anything. */
static bool is_written_by_hand(const struct source *source)
{
    static const char *const endings[] = {".c",  ".h",          ".md",  ".sh",
                                          ".py", "meson.build", ".txt", ".yml"};
    if (text_starts(source->path, "tools/") || strchr(source->path, '/') == NULL) {
        return true;
    }
    const bool data = text_starts(source->path, "tests/") && text_ends(source->path, ".txt");
    for (size_t i = 0; !data && i < sizeof endings / sizeof *endings; i++) {
        if (text_ends(source->path, endings[i])) {
            return true;
        }
    }
    return false;
}

static size_t columns(const char *line, size_t byte_count)
{
    size_t count = 0;
    for (size_t i = 0; i < byte_count; i++) {
        count += ((unsigned char)line[i] & 0xC0) != 0x80; /* not a UTF-8 continuation */
    }
    return count;
}

static void layout_line(struct tidy *tidy, const struct source *source, size_t number)
{
    size_t n = 0;
    const char *line = source_line(source, number, &n);
    if (n > 0 && line[n - 1] == '\r') {
        tidy_find(tidy, source, number + 1, RULE_LINE_END, "the line ends with CR LF");
        n--;
    }
    if (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t')) {
        tidy_find(tidy, source, number + 1, RULE_TRAILING_BLANK, "blanks at the end of the line");
    }
    if (!source->is_c) {
        return;
    }
    const size_t wide = columns(line, n);
    if (wide > COLUMNS_MAX) {
        tidy_find(tidy, source, number + 1, RULE_COLUMNS, "%zu columns, %d at most", wide,
                  COLUMNS_MAX);
    }
    if (memchr(line, '\t', n) != NULL) {
        tidy_find(tidy, source, number + 1, RULE_TAB, "a tab; indent with 4 blanks, write \\t");
    }
}

static void layout_ascii(struct tidy *tidy, const struct source *source)
{
    for (size_t number = 0; number < source->line_count; number++) {
        size_t n = 0;
        const char *line = source_line(source, number, &n);
        for (size_t i = 0; i < n; i++) {
            if ((unsigned char)line[i] >= 0x80 && source_class(source, line + i) == TEXT_CODE) {
                tidy_find(tidy, source, number + 1, RULE_NON_ASCII,
                          "a byte beyond ASCII outside strings and comments");
                break;
            }
        }
    }
}

/* The name of the function whose body opens on this line: the word before the first '(' of the
 * lines above, back to a blank line or the end of what stands before. */
static const char *function_name(const struct source *source, size_t open, int *byte_count)
{
    const char *name = "?";
    *byte_count = 1;
    for (size_t line = open; line-- > 0;) {
        size_t n = 0;
        const char *text = source_line(source, line, &n);
        if (n == 0 || text[0] == '}' || text[0] == '#' || text[n - 1] == ';') {
            break;
        }
        const char *paren = memchr(text, '(', n);
        const char *word = paren;
        while (word != NULL && word > text && text_word_byte(word[-1])) {
            word--;
        }
        if (word != paren && text[0] != ' ' && !text_starts(text, "__attribute__")) {
            name = word;
            *byte_count = (int)(paren - word);
        }
    }
    return name;
}

/* K&R: in this layout only a function's body opens, and closes, at column 0. */
static void layout_functions(struct tidy *tidy, const struct source *source)
{
    size_t open = SIZE_MAX;
    for (size_t line = 0; line < source->line_count; line++) {
        size_t n = 0;
        const char *text = source_line(source, line, &n);
        if (n == 0 || source_class(source, text) != TEXT_CODE) {
            continue;
        }
        if (text[0] == '{') {
            open = line;
        } else if (text[0] == '}' && open != SIZE_MAX) {
            const size_t lines = line - open + 1;
            int name_bytes = 0;
            const char *name = function_name(source, open, &name_bytes);
            if (lines > FUNCTION_LINES_MAX) {
                tidy_find(tidy, source, open + 1, RULE_FUNCTION_LINES,
                          "%.*s() has %zu lines, %d at most", name_bytes, name, lines,
                          FUNCTION_LINES_MAX);
            }
            open = SIZE_MAX;
        }
    }
}

static void layout_length(struct tidy *tidy, const struct source *source)
{
    if (source->line_count > FILE_LINES_MAX) {
        tidy_find(tidy, source, FILE_LINES_MAX, RULE_FILE_LINES, "%zu lines, %d at most",
                  source->line_count, FILE_LINES_MAX);
    } else if (source->line_count > FILE_LINES_SOFT_MAX && !tidy->quiet) {
        (void)printf("%s: note: %zu lines; does it still do one thing?\n", source->path,
                     source->line_count);
    }
}

static void layout_head(struct tidy *tidy, const struct source *source)
{
    const size_t blanks = strspn(source->text, " \t\r\n");
    if (source->text[blanks] != '/' ||
        source_class(source, source->text + blanks) != TEXT_COMMENT) {
        tidy_find(tidy, source, 1, RULE_OPENING_COMMENT,
                  "begin with a comment: what it does, its place, what it leaves to others");
    }
}

/* src/base/err.h: BASE_ERR_H. Elsewhere the top directory may be part of it: the headers of
 * tools/, tests/ and bench/ are found by their own folder. */
static bool guard_fits(const char *path, const char *guard, size_t guard_bytes)
{
    char want[256];
    size_t n = 0;
    for (; path[n] != '\0' && n < sizeof want - 1; n++) {
        const unsigned char c = (unsigned char)path[n];
        want[n] = (char)(isalnum(c) ? toupper(c) : '_');
    }
    want[n] = '\0';
    const char *top_less = strchr(path, '/');
    const char *shorter = top_less != NULL ? want + (top_less - path) + 1 : want;
    const bool both = !text_starts(path, "src/") && !text_starts(path, "include/");
    return (strlen(shorter) == guard_bytes && memcmp(shorter, guard, guard_bytes) == 0) ||
           (both && n == guard_bytes && memcmp(want, guard, guard_bytes) == 0);
}

/* The first two directives must be #ifndef GUARD and #define GUARD. */
static void layout_guard(struct tidy *tidy, const struct source *source)
{
    bool opened = false; /* #ifndef was seen, and fits */
    for (size_t line = 0; line < source->line_count; line++) {
        size_t n = 0;
        const char *text = source_line(source, line, &n);
        if (n == 0 || text[0] != '#' || source_class(source, text) != TEXT_CODE) {
            continue;
        }
        const char *want = opened ? "#define " : "#ifndef ";
        const char *name = text + strlen(want);
        const size_t name_bytes = text_starts(text, want) ? strcspn(name, " \t\r\n") : 0;
        if (name_bytes == 0 || !guard_fits(source->path, name, name_bytes)) {
            tidy_find(tidy, source, line + 1, RULE_HEADER_GUARD,
                      "%s needs its path as the guard (src/base/err.h: BASE_ERR_H)",
                      opened ? "#define" : "#ifndef");
            return;
        }
        if (opened) {
            return; /* both are there */
        }
        opened = true;
    }
    tidy_find(tidy, source, 1, RULE_HEADER_GUARD, "the header has no guard");
}

void tidy_layout(struct tidy *tidy, const struct source *source)
{
    if (!is_written_by_hand(source)) {
        return;
    }
    for (size_t line = 0; line < source->line_count; line++) {
        layout_line(tidy, source, line);
    }
    if (source->byte_count > 0 && source->text[source->byte_count - 1] != '\n') {
        tidy_find(tidy, source, source->line_count, RULE_LINE_END, "no newline at the end");
    }
    if (!source->is_c) {
        return;
    }
    if (!text_starts(source->path, "tests/") && !text_starts(source->path, "bench/")) {
        layout_ascii(tidy, source);
    }
    layout_functions(tidy, source);
    layout_length(tidy, source);
    if (source->is_header) {
        layout_guard(tidy, source);
    } else {
        layout_head(tidy, source);
    }
}
