/* fuzz_program.c - what programs answer that stop and start services, and that play writers: an
 * exit code, bytes on standard output, bytes on standard error.
 *
 * Goal: each answer comes to a state; what is said to people about one that is not well is one
 * line, bounded, without a NUL; nothing waits, and no descriptor, child or memory is left. Method:
 * a script that says what the input says. The input: exit code, how often its output is said, what
 * is asked, then output and errors, parted by 0xFF. */
#include "fuzz.h"
#include "fuzz_folder.h"

#include "base/limits.h"
#include "run/writer_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    HEAD_BYTES = 3,
    TIMES_MAX = 64,
    SERVICE_OUTPUT_MAX = 4096,
    CODE_SIGNAL = 250,
    CHILDREN_BYTES = 256
};

static char script[256];
static char others[CHILDREN_BYTES + 1] = " "; /* children before a call */
static int folder_fd = -1, pipes_fd = -1;     /* pipes_fd: the first that a program's can be */

void fuzz_prepare(void)
{
    const char *folder = fuzz_folder_make();
    (void)snprintf(script, sizeof script, "%s/script", folder);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fuzz_folder_put(folder_fd, "script", VIEW("#!/bin/sh\n"));
    VSR_REQUIRE(folder_fd >= 0 && fchmodat(folder_fd, "script", 0700, 0) == 0);
}

static void say_render(struct buffer *out, struct view bytes, const char *where)
{
    buffer_printf(out, "printf '%%b' '");
    for (size_t i = 0; i < bytes.n; i++) {
        buffer_printf(out, "\\0%03o", (unsigned)(unsigned char)bytes.p[i]);
    }
    buffer_printf(out, "'%s\n", where);
}

static void script_put(unsigned code, unsigned times, struct view output, struct view errors)
{
    struct buffer text = {0};
    buffer_printf(&text, "#!/bin/sh\n");
    say_render(&text, errors, " >&2");
    for (unsigned i = 0; i < times; i++) {
        say_render(&text, output, "");
    }
    if (code >= CODE_SIGNAL) {
        buffer_printf(&text, "kill -%u $$\n", code == CODE_SIGNAL ? 15u : 9u);
    }
    buffer_printf(&text, "exit %u\n", code);
    fuzz_folder_put(folder_fd, "script", buffer_view(&text));
    buffer_free(&text);
}

static void message_check(const struct buffer *message, bool is_well)
{
    const struct view text = buffer_view(message);
    VSR_REQUIRE(is_well || text.n > 0);
    VSR_REQUIRE(text.n <= PROGRAM_LINE_BYTES_MAX || view_starts(text, view_of(script)));
    VSR_REQUIRE(view_find(text, '\0') == text.n && view_find(text, '\n') == text.n);
}

/* A program that cannot be started for want of memory has failed, and the message says why. */
static bool memory_ran_out(const struct buffer *message)
{
    static const char why[] = "Cannot allocate memory";
    return fuzz_is_scant() && message->n > 0 &&
           memmem(message->p, message->n, why, sizeof why - 1) != NULL;
}

static uint64_t service_number(const struct writer_calls *calls, bool stop, unsigned code,
                               uint64_t said_bytes)
{
    struct service_answer answer = {0};
    uint64_t sum = 1;
    (stop ? calls->service_stop : calls->service_start)(calls->context, "A Service", &answer);
    const bool is_well = answer.state == SERVICE_DONE || answer.state == SERVICE_ALREADY;
    const bool is_cut_short = code >= CODE_SIGNAL || said_bytes > SERVICE_OUTPUT_MAX;
    VSR_REQUIRE(fuzz_is_scant() || (answer.state == SERVICE_CUT_SHORT) == is_cut_short);
    VSR_REQUIRE(fuzz_is_scant() || is_well == (code == 0 && !is_cut_short));
    message_check(&answer.message, is_well);
    fuzz_add_number(&sum, answer.state);
    fuzz_add_text(&sum, buffer_view(&answer.message));
    sum = memory_ran_out(&answer.message) ? FUZZ_NO_MEMORY : sum;
    buffer_free(&answer.message);
    return sum;
}

static uint64_t writer_number(const struct writer_calls *calls, unsigned code, uint64_t said_bytes)
{
    static const struct uuid id = {{1}};
    const struct writer_question question = {.writer_id = &id,
                                             .instance_id = &id,
                                             .writer_name = VIEW("W"),
                                             .run_dir = "/run",
                                             .document = VIEW("<a/>")};
    struct writer_answer answer = {0};
    uint64_t sum = 1;
    calls->pre_restore(calls->context, &question, &answer);
    VSR_REQUIRE(fuzz_is_scant() || (answer.state == WRITER_STABLE) == (code == 0));
    const bool no_memory = memory_ran_out(&answer.message);
    VSR_REQUIRE(no_memory || answer.document.n == said_bytes);
    message_check(&answer.message, answer.state == WRITER_STABLE);
    fuzz_add_number(&sum, answer.state);
    fuzz_add_text(&sum, buffer_view(&answer.document));
    fuzz_add_text(&sum, buffer_view(&answer.message));
    buffer_free(&answer.document);
    buffer_free(&answer.message);
    return no_memory ? FUZZ_NO_MEMORY : sum;
}

/* Our children's numbers, each with a space behind it; those that nobody has waited for, too. */
static void children_list(char out[CHILDREN_BYTES])
{
    const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    const ssize_t bytes = read(fd, out, CHILDREN_BYTES - 1);
    VSR_REQUIRE(bytes >= 0 && bytes < CHILDREN_BYTES - 1);
    out[bytes] = '\0';
    (void)close(fd);
}

/* A child, but not the sanitizer's own, which looks up symbols; 0: there is none. */
static pid_t child_find(void)
{
    char list[CHILDREN_BYTES], *at = list;
    children_list(list);
    for (char *word; (word = strsep(&at, " ")) != NULL && word[0] != '\0';) {
        char whole[24];
        (void)snprintf(whole, sizeof whole, " %s ", word);
        if (strstr(others, whole) == NULL) {
            return (pid_t)strtol(word, NULL, 10);
        }
    }
    return 0;
}

/* Nobody is left: also of a call that memory ran out in. */
void fuzz_forget(void)
{
    (void)close_range((unsigned)pipes_fd, ~0u, 0); /* or it could wait for us to read */
    for (pid_t child; (child = child_find()) != 0;) {
        VSR_REQUIRE(waitpid(child, NULL, 0) == child || errno == EINTR);
    }
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES) {
        return 1;
    }
    const unsigned code = data[0], times = data[1] % TIMES_MAX;
    const struct view rest = {(const char *)data + HEAD_BYTES, size - HEAD_BYTES};
    const struct view output = {rest.p, view_find(rest, '\xff')};
    const char *const programs[] = {script};
    const struct writer_programs_options options = {.service_command = script,
                                                    .path = "/usr/bin:/bin",
                                                    .limit_s = 60};
    struct writer_programs players;
    fuzz_plenty(true);
    children_list(others + 1);
    script_put(code, times, output, view_skip(rest, output.n < rest.n ? output.n + 1 : output.n));
    pipes_fd = dup(folder_fd);
    VSR_REQUIRE(pipes_fd >= 0 && close(pipes_fd) == 0);
    fuzz_plenty(false);
    writer_programs_recall(&players, programs, 1, &options);
    const struct writer_calls calls = writer_programs_calls(&players);
    const uint64_t said_bytes = (uint64_t)output.n * times;
    const uint64_t sum = data[2] % 3 == 2
                             ? writer_number(&calls, code, said_bytes)
                             : service_number(&calls, data[2] % 3 == 0, code, said_bytes);
    writer_programs_fini(&players);
    VSR_REQUIRE(child_find() == 0);
    return sum;
}
