/* program.c - spawn, feed, listen, wait, kill.
 *
 * posix_spawn() does all that must happen between fork and exec, so that threads of the caller's
 * are no matter. Input is a memfd: a program that never reads it blocks nobody. What its output
 * means is the caller's business. */
#include "run/program.h"

#include "base/cancel.h"
#include "base/clock.h"
#include "base/own.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char WHERE[] = "run/program";

enum { WAKE_MS = 50, READ_BYTES = 65536, FIRST_FREE_FD = 3 };

static const uint64_t GRACE_NS = 2000000000; /* from the request to end to the kill */

struct running {
    const struct program_call *call;
    struct program_end *end;
    pid_t pid;
    own_fd pid_fd, output_fd, errors_fd;
    size_t line_bytes; /* of the line of errors that has not ended */
    char line[PROGRAM_LINE_BYTES_MAX + 1];
    bool exited;
};

/* --- what the program is given --- */

/* The same file above the three that are the program's: spawning moves those about. */
static int fd_above(int fd)
{
    if (fd < 0 || fd >= FIRST_FREE_FD) {
        return fd;
    }
    const int above = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    (void)close(fd);
    return above;
}

static vsr_code input_make(own_fd *out, struct view bytes, vsr_error *error)
{
    *out = fd_above(memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (*out < 0) {
        return err_sys(error, VSR_ERR_DEST_IO, WHERE, "cannot make the program's input");
    }
    while (bytes.n > 0) {
        const ssize_t n = write(*out, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return err_sys(error, VSR_ERR_DEST_IO, WHERE, "cannot fill the program's input");
        }
        bytes = view_skip(bytes, (size_t)n);
    }
    if (lseek(*out, 0, SEEK_SET) != 0 ||
        fcntl(*out, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        return err_sys(error, VSR_ERR_DEST_IO, WHERE, "cannot seal the program's input");
    }
    return VSR_OK;
}

/* ours does not block, theirs does. */
static vsr_code pipe_make(own_fd *ours, own_fd *theirs, vsr_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_sys(error, VSR_ERR_DEST_IO, WHERE, "cannot make a pipe for a program");
    }
    *ours = fd_above(ends[0]);
    *theirs = fd_above(ends[1]);
    if (*ours < 0 || *theirs < 0 || fcntl(*ours, F_SETFL, O_NONBLOCK) != 0) {
        return err_sys(error, VSR_ERR_DEST_IO, WHERE, "cannot set up a pipe for a program");
    }
    return VSR_OK;
}

static int spawn_prepared(struct running *r, posix_spawn_file_actions_t *actions,
                          posix_spawnattr_t *attributes, const int fds[3])
{
    sigset_t all;
    sigset_t none;
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    int rc = 0;
    for (int i = 0; i < 3 && rc == 0; i++) {
        rc = posix_spawn_file_actions_adddup2(actions, fds[i], i);
    }
    if (rc == 0) {
        rc = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_FREE_FD);
    }
    if (rc == 0) {
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF);
    }
    if (rc == 0) {
        rc = posix_spawnattr_setpgroup(attributes, 0); /* a group of its own */
    }
    if (rc == 0) {
        rc = posix_spawnattr_setsigmask(attributes, &none);
    }
    if (rc == 0) {
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    }
    return rc != 0 ? rc
                   : posix_spawn(&r->pid, r->call->arguments[0], actions, attributes,
                                 (char *const *)(uintptr_t)r->call->arguments,
                                 (char *const *)(uintptr_t)r->call->environment);
}

static vsr_code program_start(struct running *r, vsr_error *error)
{
    OWN(fd) input = -1;
    OWN(fd) output = -1;
    OWN(fd) errors = -1;
    vsr_code rc = input_make(&input, r->call->input, error);
    if (rc == VSR_OK) {
        rc = pipe_make(&r->output_fd, &output, error);
    }
    if (rc == VSR_OK) {
        rc = pipe_make(&r->errors_fd, &errors, error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attributes);
    errno = spawn_prepared(r, &actions, &attributes, (const int[]){input, output, errors});
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    if (errno != 0) {
        return err_sys(error, VSR_ERR_DEST_IO, WHERE, "cannot start %s", r->call->arguments[0]);
    }
    r->pid_fd = pidfd_open(r->pid, 0);
    return VSR_OK;
}

/* --- listening --- */

static void line_end(struct running *r)
{
    while (r->line_bytes > 0 && strchr(" \t\r", r->line[r->line_bytes - 1]) != NULL) {
        r->line_bytes--;
    }
    if (r->line_bytes > 0) {
        memcpy(r->end->last_line, r->line, r->line_bytes);
        r->end->last_line[r->line_bytes] = '\0';
    }
    r->line_bytes = 0;
}

static void errors_take(struct running *r, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            line_end(r);
        } else if (r->line_bytes < PROGRAM_LINE_BYTES_MAX && bytes[i] != '\0') {
            r->line[r->line_bytes++] = bytes[i]; /* of a line that is too long, the beginning */
        }
    }
}

/* Take what is there; true: more may come, now (*again) or later. */
static bool pipe_read(struct running *r, own_fd *fd, bool is_output, bool *again)
{
    char bytes[READ_BYTES];
    *again = false;
    const ssize_t n = *fd < 0 ? 0 : read(*fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (n <= 0) {
        own_fd_drop(fd);
        return false;
    }
    *again = true;
    if (!is_output) {
        errors_take(r, bytes, (size_t)n);
    } else if ((size_t)n <= r->call->output_bytes_max - r->end->output.n) {
        buffer_add(&r->end->output, bytes, (size_t)n);
    } else {
        r->end->fate = PROGRAM_FLOODED;
    }
    return true;
}

/* What stands in the pipes when the program is gone; what its own children print later is not
 * waited for. */
static void pipes_drain(struct running *r)
{
    size_t rounds_max = r->call->output_bytes_max / READ_BYTES + 64;
    for (bool again = true; again && rounds_max-- > 0 && r->end->fate != PROGRAM_FLOODED;) {
        (void)pipe_read(r, &r->output_fd, true, &again);
    }
    for (int rounds = 64; rounds > 0; rounds--) {
        bool again = false;
        (void)pipe_read(r, &r->errors_fd, false, &again);
        rounds = again ? rounds : 0;
    }
    line_end(r);
}

/* --- its end --- */

/* Has it ended? It is not reaped: its number, and its group's, stay its own. */
static bool program_has_ended(const struct running *r)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == r->pid;
}

static void program_wait(struct running *r, int wait_ms)
{
    struct pollfd fds[] = {
        {.fd = r->output_fd, .events = POLLIN},
        {.fd = r->errors_fd, .events = POLLIN},
        {.fd = r->pid_fd, .events = POLLIN},
    };
    (void)poll(fds, sizeof fds / sizeof *fds, wait_ms);
}

/* Ask the group to end, then end it. */
static void program_kill(struct running *r)
{
    const uint64_t began_ns = clock_monotonic_ns();
    (void)kill(-r->pid, SIGTERM);
    while (!program_has_ended(r) && clock_monotonic_ns() - began_ns < GRACE_NS) {
        struct pollfd ended = {.fd = r->pid_fd, .events = POLLIN};
        (void)poll(&ended, 1, WAKE_MS);
    }
    (void)kill(-r->pid, SIGKILL);
}

static void program_listen(struct running *r)
{
    const uint64_t began_ns = clock_monotonic_ns();
    while (!program_has_ended(r)) {
        const struct program_call *call = r->call;
        bool again = false;
        if (cancel_number(call->cancel) != 0) {
            r->end->fate = PROGRAM_CANCELLED;
        } else if (clock_monotonic_ns() - began_ns >= call->limit_ns) {
            r->end->fate = PROGRAM_TIMED_OUT;
        }
        if (r->end->fate != PROGRAM_EXITED) {
            program_kill(r);
            return;
        }
        program_wait(r, WAKE_MS);
        (void)pipe_read(r, &r->output_fd, true, &again);
        (void)pipe_read(r, &r->errors_fd, false, &again);
    }
}

static void program_reap(struct running *r)
{
    int status = 0;
    pid_t reaped = 0;
    do {
        reaped = waitpid(r->pid, &status, 0);
    } while (reaped < 0 && errno == EINTR);
    if (r->end->fate != PROGRAM_EXITED) {
        return;
    }
    if (reaped != r->pid) {
        r->end->fate = PROGRAM_LOST;
    } else if (WIFEXITED(status)) {
        r->end->status = WEXITSTATUS(status);
    } else {
        r->end->fate = PROGRAM_SIGNALLED;
        r->end->status = WTERMSIG(status);
    }
}

vsr_code program_check_children(vsr_error *error)
{
    struct sigaction action = {0};
    (void)sigaction(SIGCHLD, NULL, &action);
    const bool handled = (action.sa_flags & SA_SIGINFO) != 0; /* then sa_handler is none */
    if ((!handled && action.sa_handler == SIG_IGN) || (action.sa_flags & SA_NOCLDWAIT) != 0) {
        return err_set(error, VSR_ERR_USAGE, WHERE,
                       "this process ignores SIGCHLD, so nobody learns how a program ends that "
                       "plays a writer or stops a service: set it to SIG_DFL");
    }
    return VSR_OK;
}

vsr_code program_run(struct program_end *out, const struct program_call *call, vsr_error *error)
{
    *out = (struct program_end){.fate = PROGRAM_EXITED};
    struct running r = {.call = call, .end = out, .pid_fd = -1, .output_fd = -1, .errors_fd = -1};
    const vsr_code rc = program_start(&r, error);
    if (rc == VSR_OK) {
        program_listen(&r);
        pipes_drain(&r);
        program_reap(&r);
    }
    own_fd_drop(&r.pid_fd);
    own_fd_drop(&r.output_fd);
    own_fd_drop(&r.errors_fd);
    return rc;
}

void program_end_text(const struct program_end *end, const struct program_call *call,
                      struct buffer *out)
{
    switch (end->fate) {
    case PROGRAM_EXITED:
        buffer_printf(out, "ended with exit code %d", end->status);
        break;
    case PROGRAM_SIGNALLED:
        buffer_printf(out, "was ended by signal %d", end->status);
        break;
    case PROGRAM_TIMED_OUT:
        buffer_printf(out, "was killed after %llu s, its time limit",
                      (unsigned long long)(call->limit_ns / 1000000000));
        break;
    case PROGRAM_CANCELLED:
        buffer_printf(out, "was killed: the restore was cancelled");
        break;
    case PROGRAM_FLOODED:
        buffer_printf(out, "was killed: it printed more than %zu bytes", call->output_bytes_max);
        break;
    case PROGRAM_LOST:
        buffer_printf(out, "ended, and nobody knows how: this process ignores SIGCHLD, or waits "
                           "for children elsewhere");
        break;
    }
}

/* --- finding it --- */

static bool is_runnable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

vsr_code program_find(const char *program, const char *path, struct buffer *out, vsr_error *error)
{
    const size_t start = out->n;
    if (strchr(program, '/') != NULL) {
        buffer_add(out, program, strlen(program) + 1);
        return is_runnable(program) ? VSR_OK
                                    : err_set(error, VSR_ERR_SELECTION, WHERE,
                                              "%s is no program that can be run", program);
    }
    for (struct view rest = view_of(path); program[0] != '\0' && rest.n > 0;) {
        const size_t at = view_find(rest, ':');
        out->n = start;
        buffer_printf(out, "%.*s/%s", (int)at, rest.p, program);
        buffer_add_char(out, '\0');
        if (at > 0 && is_runnable(out->p + start)) {
            return VSR_OK;
        }
        rest = view_skip(rest, at < rest.n ? at + 1 : at);
    }
    return err_set(error, VSR_ERR_SELECTION, WHERE, "no program \"%s\" in %s", program, path);
}
