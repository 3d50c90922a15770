/* control_ask.c - the asking side of the control line: one command, one answer. */
#include "run/control.h"

#include "base/own.h"
#include "base/show.h"
#include "report/figures.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char WHERE[] = "run/control";

enum { ANSWER_SECONDS_MAX = 30, ANSWER_BYTES_MAX = 1 << 16 };

static vsr_code line_connect(const char *folder, int *out, vsr_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = ANSWER_SECONDS_MAX};
    OWN(fd) dir_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    OWN(fd) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dir_fd < 0 || fd < 0) {
        return err_sys(error, VSR_ERR_SELECTION, WHERE, "cannot open the run folder %s", folder);
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", dir_fd);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        return errno == ENOENT || errno == ECONNREFUSED
                   ? err_set(error, VSR_ERR_SELECTION, WHERE,
                             "no run goes on in %s: it has ended, or has not begun to copy", folder)
                   : err_sys(error, VSR_ERR_SELECTION, WHERE, "cannot reach the run in %s", folder);
    }
    *out = fd;
    fd = -1;
    return VSR_OK;
}

static vsr_code answer_read(int fd, const char *folder, struct buffer *answer, vsr_error *error)
{
    while (answer->n == 0 || answer->p[answer->n - 1] != '\n') {
        char bytes[4096];
        const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || answer->n > ANSWER_BYTES_MAX) {
            return err_set(error, got < 0 ? VSR_ERR_RUN_BUSY : VSR_ERR_SELECTION, WHERE,
                           got < 0 ? "the run in %s does not answer: it waits for a disk, or is "
                                     "stopped; ask again"
                                   : "the run in %s ended before it answered",
                           folder);
        }
        buffer_add(answer, bytes, (size_t)got);
    }
    return VSR_OK;
}

static vsr_code answer_judge(const struct buffer *answer, vsr_error *error)
{
    json_t *object = json_loadb(answer->p, answer->n, 0, NULL);
    const char *fault = json_string_value(json_object_get(object, "error"));
    const vsr_code rc = fault == NULL ? VSR_OK : err_set(error, VSR_ERR_USAGE, WHERE, "%s", fault);
    json_decref(object);
    return rc;
}

vsr_code control_ask(const char *folder, const char *command, struct buffer *answer,
                     vsr_error *error)
{
    OWN(fd) fd = -1;
    char line[CONTROL_LINE_MAX];
    const int bytes = snprintf(line, sizeof line, "%s\n", command);
    if (bytes < 0 || (size_t)bytes >= sizeof line || strchr(command, '\n') != NULL) {
        return err_set(error, VSR_ERR_USAGE, WHERE, "a command is one line, and shorter than that");
    }
    vsr_code rc = line_connect(folder, &fd, error);
    if (rc == VSR_OK && send(fd, line, (size_t)bytes, MSG_NOSIGNAL) != bytes) {
        rc = err_sys(error, VSR_ERR_RUN_BUSY, WHERE, "cannot send to the run in %s", folder);
    }
    if (rc == VSR_OK) {
        rc = answer_read(fd, folder, answer, error);
    }
    return rc == VSR_OK ? answer_judge(answer, error) : rc;
}

/* --- for people --- */

static uint64_t count_of(const json_t *object, const char *key, const char *which)
{
    const json_int_t value =
        json_integer_value(json_object_get(json_object_get(object, key), which));
    return value > 0 ? (uint64_t)value : 0;
}

void control_render_text(struct view answer, struct buffer *out)
{
    json_t *object = json_loadb(answer.p, answer.n, 0, NULL);
    const char *state = json_string_value(json_object_get(object, "state"));
    const char *unit = json_string_value(json_object_get(object, "unit"));
    const json_int_t limit = json_integer_value(json_object_get(object, "throttle_bytes_per_s"));
    const json_int_t failed = json_integer_value(json_object_get(object, "files_failed"));
    show_printf(out, "%s: ", state != NULL ? state : "?");
    figure_count(out, count_of(object, "files", "done"));
    buffer_printf(out, " of ");
    figure_count(out, count_of(object, "files", "total"));
    buffer_printf(out, " files, ");
    figure_bytes(out, (double)count_of(object, "bytes", "done"));
    buffer_printf(out, " of ");
    figure_bytes(out, (double)count_of(object, "bytes", "total"));
    if (failed > 0) {
        buffer_printf(out, ", %lld FAILED", (long long)failed);
    }
    if (limit > 0) {
        buffer_printf(out, ", at most ");
        figure_bytes(out, (double)limit);
        buffer_printf(out, "/s");
    }
    if (unit != NULL) {
        show_printf(out, ", in %s", unit);
    }
    buffer_add_char(out, '\n');
    json_decref(object);
}
