/* rules_calls.c - calls and names that are not used here, each with what is used instead.
 *
 * Names are looked for in code alone, whole, and not as a member (`ops->signal(`). */
#include "tidy.h"

#include <string.h>

enum banned_where { EVERYWHERE, IN_SRC, WORD_IN_SRC /* called or not */ };

static const struct {
    const char *name;
    const char *instead;
    enum banned_where where;
} banned[] = {
    {"strcpy", "memcpy() with a checked length, or base/buffer.h", EVERYWHERE},
    {"strcat", "base/buffer.h", EVERYWHERE},
    {"strncpy", "memcpy() with a checked length", EVERYWHERE},
    {"sprintf", "snprintf(), or buffer_add_format()", EVERYWHERE},
    {"vsprintf", "vsnprintf()", EVERYWHERE},
    {"gets", "io_read_all() or getline()", EVERYWHERE},
    {"strtok", "view_find()", EVERYWHERE},
    {"atoi", "view_to_u64()", EVERYWHERE},
    {"atol", "view_to_u64()", EVERYWHERE},
    {"atoll", "view_to_u64()", EVERYWHERE},
    {"atof", "strtod() with its end looked at", EVERYWHERE},
    {"alloca", "base/arena.h", EVERYWHERE},
    {"rand", "a generator of our own with a seed that is printed", EVERYWHERE},
    {"srand", "a generator of our own with a seed that is printed", EVERYWHERE},
    {"usleep", "a bounded wait on what is waited for", EVERYWHERE},
    {"signal", "sigaction() or signalfd(), in tools/ only", EVERYWHERE},
    {"system", "posix_spawn() with an argument list", EVERYWHERE},
    {"popen", "posix_spawn() with an argument list", EVERYWHERE},
    {"tmpnam", "mkstemp() or O_TMPFILE", EVERYWHERE},
    {"mktemp", "mkstemp() or O_TMPFILE", EVERYWHERE},
    {"setjmp", "a result that says what failed (base/err.h)", IN_SRC},
    {"longjmp", "a result that says what failed (base/err.h)", IN_SRC},
    {"getenv", "an option from the caller; a library reads no environment", IN_SRC},
    {"exit", "a result that says what failed; only tools/ ends the process", IN_SRC},
    {"abort", "VSR_BUG() or VSR_REQUIRE()", IN_SRC},
    {"realpath", "descriptors and openat2(); never resolve, then open", IN_SRC},
    {"chdir", "descriptors and openat2()", IN_SRC},
    {"perror", "err_sys()", IN_SRC},
    {"printf", "a library prints nothing; err_set(), or a row of the report", IN_SRC},
    {"puts", "a library prints nothing; err_set(), or a row of the report", IN_SRC},
    {"stdout", "a library prints nothing; err_set(), or a row of the report", WORD_IN_SRC},
    {"stderr", "a library prints nothing; err_set(), or a row of the report", WORD_IN_SRC},
    {"localtime", "localtime_r()", IN_SRC},
    {"gmtime", "gmtime_r()", IN_SRC},
};

/* Who may all the same, and why. */
static const struct {
    const char *path;
    const char *names;
    const char *reason;
} allowed[] = {
    {"src/base/bug.c", "getenv abort stderr", "the end of the line; a debugger wants a core"},
    {"src/base/heap.c", "stderr", "no memory is left: nobody to tell, nothing to tell it with"},
    {"tests/vsr_test.h", "setjmp", "cmocka's own way out of a test"},
};

static bool is_allowed(const char *path, const char *name)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (strcmp(path, allowed[i].path) == 0 &&
            text_list_has(allowed[i].names, name, strlen(name))) {
            return true;
        }
    }
    return false;
}

/* A word of code at `word`: is it called, and not as a member of something? */
static bool is_call(const struct source *source, const char *word, size_t word_bytes)
{
    const char *after = word + word_bytes;
    after += strspn(after, " ");
    if (*after != '(') {
        return false;
    }
    const char *before = word;
    while (before > source->text && before[-1] == ' ') {
        before--;
    }
    return before == source->text || !(before[-1] == '.' || before[-1] == '>');
}

static void calls_word(struct tidy *tidy, const struct source *source, const char *word,
                       size_t word_bytes, size_t number)
{
    for (size_t i = 0; i < sizeof banned / sizeof *banned; i++) {
        if (strlen(banned[i].name) != word_bytes || memcmp(banned[i].name, word, word_bytes) != 0) {
            continue;
        }
        const bool here = banned[i].where == EVERYWHERE || text_starts(source->path, "src/");
        const bool meant = banned[i].where == WORD_IN_SRC || is_call(source, word, word_bytes);
        if (here && meant && !is_allowed(source->path, banned[i].name)) {
            tidy_find(tidy, source, number + 1, RULE_BANNED_CALL, "%s: use %s", banned[i].name,
                      banned[i].instead);
        }
    }
}

void tidy_calls(struct tidy *tidy, const struct source *source)
{
    for (size_t number = 0; number < source->line_count; number++) {
        size_t n = 0;
        const char *line = source_line(source, number, &n);
        size_t i = 0;
        while (i < n) {
            size_t word_bytes = 0;
            while (i + word_bytes < n && text_word_byte(line[i + word_bytes])) {
                word_bytes++;
            }
            if (word_bytes > 0 && source_class(source, line + i) == TEXT_CODE) {
                calls_word(tidy, source, line + i, word_bytes, number);
            }
            i += word_bytes > 0 ? word_bytes : 1;
        }
    }
}
