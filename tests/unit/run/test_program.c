/* test_program.c - a program is run to its end, whatever it does: with its pipes, its children,
 * its time.
 *
 * Each case is one line of shell. What is bounded is shown by small bounds; nothing here waits
 * for a clock but the two that show a time limit. */
#include "vsr_test.h"

#include "base/clock.h"
#include "run/program.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const uint64_t SECOND_NS = 1000000000;

static const char *const environment[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};

struct shell {
    const char *line;
    struct view input;
    size_t output_bytes_max;
    uint64_t limit_ns;
    const volatile int *cancel;
};

static struct program_end shell_run(const struct shell *shell)
{
    const char *const arguments[] = {"/bin/sh", "-c", shell->line, NULL};
    const struct program_call call = {
        .arguments = arguments,
        .environment = environment,
        .input = shell->input,
        .output_bytes_max = shell->output_bytes_max != 0 ? shell->output_bytes_max : 1 << 20,
        .limit_ns = shell->limit_ns != 0 ? shell->limit_ns : 60 * SECOND_NS,
        .cancel = shell->cancel,
    };
    struct program_end end;
    vsr_error error = {0};
    if (program_run(&end, &call, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    return end;
}

static void ends_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum program_fate fate;
        int status;
        const char *output, *last_line;
    } rows[] = {
        {"exit 0", PROGRAM_EXITED, 0, "", ""},
        {"exit 75", PROGRAM_EXITED, 75, "", ""},
        {"kill -9 $$", PROGRAM_SIGNALLED, SIGKILL, "", ""},
        {"kill -15 $$", PROGRAM_SIGNALLED, SIGTERM, "", ""},
        {"cat", PROGRAM_EXITED, 0, "the input", ""},
        {"echo out; echo one >&2; echo two >&2", PROGRAM_EXITED, 0, "out\n", "two"},
        {"printf 'one\\ntwo \\r\\n\\n \\n' >&2", PROGRAM_EXITED, 0, "", "two"},
        {"printf 'no newline' >&2", PROGRAM_EXITED, 0, "", "no newline"},
        {"env | sort | tr '\\n' ' '", PROGRAM_EXITED, 0,
         "LANG=C.UTF-8 PATH=/usr/bin:/bin PWD=", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program_end end =
            shell_run(&(struct shell){.line = rows[i].line, .input = VIEW("the input")});
        assert_int_equal(end.fate, rows[i].fate);
        assert_int_equal(end.status, rows[i].status);
        assert_true(view_starts(buffer_view(&end.output), view_of(rows[i].output)));
        if (rows[i].last_line != NULL) {
            assert_string_equal(end.last_line, rows[i].last_line);
            assert_int_equal(end.output.n, strlen(rows[i].output));
        }
        buffer_free(&end.output);
    }
}

static void much_goes_both_ways(void **state)
{
    (void)state;
    const size_t bytes = 8u << 20;
    char *input = malloc(bytes);
    assert_non_null(input);
    for (size_t i = 0; i < bytes; i++) {
        input[i] = (char)('a' + i % 23);
    }
    struct program_end end = shell_run(&(struct shell){
        .line = "yes error | head -c 3000000 >&2; cat; yes error | head -c 3000000 >&2; "
                "echo last >&2",
        .input = {input, bytes},
        .output_bytes_max = bytes,
    });
    assert_int_equal(end.fate, PROGRAM_EXITED);
    assert_true(view_equal(buffer_view(&end.output), (struct view){input, bytes}));
    assert_string_equal(end.last_line, "last");
    buffer_free(&end.output);
    free(input);
}

static void lines_and_output_are_bounded(void **state)
{
    (void)state;
    struct program_end end =
        shell_run(&(struct shell){.line = "yes | head -c 5000 | tr -d '\\n' >&2"});
    assert_int_equal(strlen(end.last_line), PROGRAM_LINE_BYTES_MAX);
    buffer_free(&end.output);
    const uint64_t began_ns = clock_monotonic_ns();
    end = shell_run(&(struct shell){.line = "yes", .output_bytes_max = 1000});
    assert_int_equal(end.fate, PROGRAM_FLOODED);
    assert_true(end.output.n <= 1000);
    assert_true(clock_monotonic_ns() - began_ns < 30 * SECOND_NS);
    buffer_free(&end.output);
}

/* The whole group is killed, also who does not listen; who left it is not waited for. */
static void the_time_limit_holds_for_all(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "sleep 100",
        "sleep 100 & wait",
        "trap '' TERM; sleep 100; sleep 100",
        "exec >&- 2>&-; sleep 100",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        const uint64_t began_ns = clock_monotonic_ns();
        struct program_end end =
            shell_run(&(struct shell){.line = lines[i], .limit_ns = SECOND_NS / 5});
        assert_int_equal(end.fate, PROGRAM_TIMED_OUT);
        assert_true(clock_monotonic_ns() - began_ns < 30 * SECOND_NS);
        buffer_free(&end.output);
    }
    const uint64_t began_ns = clock_monotonic_ns();
    struct program_end end = shell_run(&(struct shell){.line = "sleep 100 & echo here"});
    assert_int_equal(end.fate, PROGRAM_EXITED);
    assert_view_equal(buffer_view(&end.output), "here\n");
    assert_true(clock_monotonic_ns() - began_ns < 30 * SECOND_NS);
    buffer_free(&end.output);
}

static void a_cancelled_call_ends_soon(void **state)
{
    (void)state;
    const volatile int cancel = SIGINT;
    struct program_end end = shell_run(&(struct shell){.line = "sleep 100", .cancel = &cancel});
    assert_int_equal(end.fate, PROGRAM_CANCELLED);
    buffer_free(&end.output);
}

/* Signals that the caller blocks or ignores are the program's own again; its descriptors are
 * three, though ours are not. */
static void a_program_starts_clean(void **state)
{
    (void)state;
    struct sigaction old;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    assert_int_equal(sigaction(SIGPIPE, &ignore, &old), 0);
    int leak[2];
    assert_int_equal(pipe(leak), 0);
    struct program_end end = shell_run(&(struct shell){
        .line =
            "ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status | "
            "sed 's/.*\\(.......\\)$/\\1/' | tr -d '0\\n'", /* not the C library's own, from 32 */
    });
    assert_view_equal(buffer_view(&end.output), "4\n"); /* 0, 1, 2, and ls's own folder */
    buffer_free(&end.output);
    (void)close(leak[0]);
    (void)close(leak[1]);
    assert_int_equal(sigaction(SIGPIPE, &old, NULL), 0);
}

static void programs_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *program, *path, *found;
    } rows[] = {
        {"/bin/sh", "", "/bin/sh"},
        {"sh", "/nowhere:/bin", "/bin/sh"},
        {"sh", "", NULL},
        {"no-such-program", "/usr/bin:/bin", NULL},
        {"/bin", "", NULL},
        {"", "/bin", NULL},
        {"/etc/passwd", "/bin", NULL},
        {"sh", ":/bin", "/bin/sh"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer found = {0};
        vsr_error error = {0};
        const vsr_code rc = program_find(rows[i].program, rows[i].path, &found, &error);
        assert_int_equal(rc, rows[i].found != NULL ? VSR_OK : VSR_ERR_SELECTION);
        if (rows[i].found != NULL) {
            assert_string_equal(found.p, rows[i].found);
        }
        buffer_free(&found);
    }
}

static void what_cannot_be_started_is_an_error(void **state)
{
    (void)state;
    const char *const arguments[] = {"/no/such/program", NULL};
    const struct program_call call = {.arguments = arguments,
                                      .environment = environment,
                                      .output_bytes_max = 1,
                                      .limit_ns = SECOND_NS};
    struct program_end end;
    vsr_error error = {0};
    assert_int_equal(program_run(&end, &call, &error), VSR_ERR_DEST_IO);
    assert_non_null(strstr(error.what, "/no/such/program"));
}

/* Somebody else has reaped it: nobody knows how it ended, and that is no end by a signal. */
static void what_is_reaped_elsewhere_is_lost(void **state)
{
    (void)state;
    struct sigaction before;
    struct sigaction action = {.sa_handler = SIG_IGN};
    vsr_error error = {0};
    assert_int_equal(program_check_children(&error), VSR_OK);
    assert_int_equal(sigaction(SIGCHLD, &action, &before), 0);
    assert_int_equal(program_check_children(&error), VSR_ERR_USAGE);
    assert_non_null(strstr(error.what, "SIGCHLD"));
    struct program_end end = shell_run(&(struct shell){.line = "echo said; exit 3"});
    const struct program_call call = {0};
    struct buffer text = {0};
    assert_int_equal(end.fate, PROGRAM_LOST);
    assert_true(view_equal(buffer_view(&end.output), view_of("said\n")));
    program_end_text(&end, &call, &text);
    buffer_add_char(&text, '\0');
    assert_non_null(strstr(text.p, "SIGCHLD"));
    buffer_free(&text);
    buffer_free(&end.output);
    action = (struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    assert_int_equal(sigaction(SIGCHLD, &action, NULL), 0);
    assert_int_equal(program_check_children(&error), VSR_ERR_USAGE);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    assert_int_equal(program_check_children(&error), VSR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_told_apart),
        cmocka_unit_test(much_goes_both_ways),
        cmocka_unit_test(lines_and_output_are_bounded),
        cmocka_unit_test(the_time_limit_holds_for_all),
        cmocka_unit_test(a_cancelled_call_ends_soon),
        cmocka_unit_test(a_program_starts_clean),
        cmocka_unit_test(programs_are_found),
        cmocka_unit_test(what_cannot_be_started_is_an_error),
        cmocka_unit_test(what_is_reaped_elsewhere_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
