/* console.c - events, the progress line and sentences, each through an outlet of its own. What they
 * say is the library's, the verbs' and meter_line.c's. */
#include "console.h"

#include "line.h"
#include "memory.h"
#include "meter_line.h"
#include "metrics.h"
#include "outlet.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_STALL_S = 10, PEOPLE_STALL_S = 60, COLUMNS_UNKNOWN = 80, LAST_WORDS_BYTES = 2048 };

static const uint64_t STATUS_NS = 1000000000; /* at most one status a second */
static const uint64_t REDRAW_NS = 200000000;
static const char line_erased[] = "\r\033[K";

/* The summary of a restore that ends there and then, in its place: nothing is got then. */
struct last_words {
    char text[LAST_WORDS_BYTES];
    size_t bytes;
};

static struct console {
    bool is_open, has_events, has_text, has_line, colour;
    bool begun;                         /* the event `begin` was given */
    bool line_seen;                     /* the progress line stands on the terminal */
    struct outlet events, text, people; /* people: standard error */
    uint64_t status_ns, redraw_ns;
    struct meter_rates rates;
    struct last_words last_words[4]; /* by ENDINGS */
} console;

/* Codes that the process may end with in the middle: vsr_ending_code(), console_end(). */
static const int ENDINGS[] = {-(int)VSR_ERR_BUG, -(int)VSR_ERR_MEMORY,
                              -(int)VSR_ERR_MEDIA_UNREADABLE, -(int)VSR_ERR_DEST_IO};

/* Of console.events, while it is written to: the process may end on another thread. Nobody who has
 * it ends the process. */
static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- opening --- */

static bool environment_says(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static bool terminal_moves(void)
{
    const char *term = getenv("TERM");
    return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static bool events_fd_is_fit(uint64_t fd)
{
    const int flags = fd <= INT32_MAX ? fcntl((int)fd, F_GETFL) : -1;
    if (fd == STDERR_FILENO) {
        (void)fprintf(stderr,
                      "vssrestore: --events-fd 2: standard error has the words for people\n");
        return false;
    }
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
        (void)fprintf(stderr,
                      "vssrestore: --events-fd %llu: no descriptor of that number is open "
                      "for writing\n",
                      (unsigned long long)fd);
        return false;
    }
    return true;
}

static int last_words_take(void *context, const char *text, size_t bytes)
{
    struct last_words *words = context;
    if (bytes > sizeof words->text - words->bytes) {
        return ENOSPC;
    }
    memcpy(words->text + words->bytes, text, bytes);
    words->bytes += bytes;
    return 0;
}

/* The last event is a summary, whatever happens (contract, section 5). Once: who finds another
 * reason to end on another thread stands still until the process has ended, which it would
 * otherwise do before all is said. Who has the lock gives it back soon. */
static void last_words_say(int code)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    struct timespec until;
    while (atomic_flag_test_and_set(&said)) {
        (void)pause();
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        if (code == ENDINGS[i] && console.last_words[i].bytes > 0 &&
            pthread_mutex_clocklock(&events_lock, CLOCK_MONOTONIC, &until) == 0) {
            outlet_last(&console.events, console.last_words[i].text, console.last_words[i].bytes,
                        EVENTS_STALL_S);
        }
    }
}

/* Of at_quick_exit(): the library ends the process. */
static void ending_tell(void)
{
    last_words_say(vsr_ending_code());
}

static void last_words_prepare(void)
{
    vsr_error ignored = {0};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        (void)vsr_report_render_none(ENDINGS[i], last_words_take, &console.last_words[i], &ignored);
    }
    (void)at_quick_exit(ending_tell);
}

bool console_open(const struct call *call)
{
    int events_fd = STDOUT_FILENO;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* who goes away does not stop a restore */
    console = (struct console){.has_events = call->json || call->events_fd != 0};
    if (call->events_fd != 0) {
        if (!events_fd_is_fit(call->events_fd)) {
            return false;
        }
        events_fd = (int)call->events_fd;
        if (events_fd > STDERR_FILENO) {
            (void)fcntl(events_fd, F_SETFD, FD_CLOEXEC); /* programs that play writers have none */
        }
    }
    console.has_text = !call->json && !(console.has_events && events_fd == STDOUT_FILENO);
    console.has_line = !call->quiet && isatty(STDERR_FILENO) == 1 && terminal_moves();
    console.colour = console.has_line && !environment_says("NO_COLOR");
    outlet_open(&console.events, events_fd);
    outlet_open(&console.text, STDOUT_FILENO);
    outlet_open(&console.people, STDERR_FILENO);
    console.is_open = true;
    if (console.has_events) {
        last_words_prepare();
    }
    return true;
}

bool console_has_events(void)
{
    return console.has_events;
}

bool console_has_text(void)
{
    return console.has_text;
}

/* What people will read; no memory to keep it until they do: the end. */
static void tell(struct outlet *outlet, const char *text, size_t bytes)
{
    if (!outlet_put(outlet, text, bytes)) {
        memory_end();
    }
}

/* --- events --- */

int console_event_sink(void *context, const char *text, size_t bytes)
{
    bool taken = true;
    (void)context;
    if (console.has_events) {
        (void)pthread_mutex_lock(&events_lock);
        taken = outlet_put(&console.events, text, bytes);
        (void)pthread_mutex_unlock(&events_lock);
    }
    if (!taken) {
        memory_end();
    }
    return 0;
}

static void event_end(struct line *line)
{
    line_printf(line, "}\n");
    (void)console_event_sink(NULL, line->p, line->n);
    line_free(line);
}

static void event_begin(const vsr_progress *progress)
{
    struct line line = {0};
    console.begun = true;
    line_printf(&line, "{\"t\":\"begin\",\"v\":1,\"version\":\"%s\",", vsr_version());
    line_json_path(&line, "run_dir", progress->run_dir);
    line_printf(&line, ",\"units\":%llu,\"files\":%llu,\"bytes\":%llu",
                (unsigned long long)progress->units_total,
                (unsigned long long)progress->files_total,
                (unsigned long long)progress->bytes_total);
    event_end(&line);
}

static void event_status(const vsr_progress *p)
{
    struct line line = {0};
    const double left = meter_seconds_left(&console.rates, p);
    line_printf(&line,
                "{\"t\":\"status\",\"v\":1,\"files\":{\"total\":%llu,\"done\":%llu,"
                "\"failed\":%llu},\"bytes\":{\"total\":%llu,\"done\":%llu},"
                "\"units\":{\"total\":%llu,\"done\":%llu},\"elapsed_ms\":%llu,"
                "\"bytes_per_s\":%.0f,\"files_per_s\":%.0f,\"eta_s\":",
                (unsigned long long)p->files_total, (unsigned long long)p->files_done,
                (unsigned long long)p->files_failed, (unsigned long long)p->bytes_total,
                (unsigned long long)p->bytes_done, (unsigned long long)p->units_total,
                (unsigned long long)p->units_done, (unsigned long long)(p->elapsed_ns / 1000000),
                console.rates.bytes_s, console.rates.files_s);
    if (left >= 0 && left < 1e15) {
        line_printf(&line, "%.0f", left);
    } else {
        line_printf(&line, "null");
    }
    line_printf(&line, ",\"unit\":");
    line_json(&line, p->unit);
    line_printf(&line, ",\"state\":\"%s\",\"last\":%s}\n", p->paused != 0 ? "paused" : "running",
                p->is_last != 0 ? "true" : "false");
    if (p->is_last != 0) {
        (void)console_event_sink(NULL, line.p, line.n);
    } else {
        (void)pthread_mutex_lock(&events_lock);
        outlet_offer(&console.events, line.p, line.n);
        (void)pthread_mutex_unlock(&events_lock);
    }
    line_free(&line);
}

/* --- the line --- */

static unsigned terminal_columns(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : COLUMNS_UNKNOWN;
}

static void line_draw(const vsr_progress *progress)
{
    struct line line = {0};
    line_printf(&line, "\r");
    /* The last column stays free: a terminal that wraps there would go on to the next line. */
    meter_line_render(&line, &console.rates, progress, terminal_columns() - 1, console.colour);
    line_printf(&line, "\033[K");
    outlet_offer(&console.people, line.p, line.n);
    console.line_seen = true;
    line_free(&line);
}

void console_progress_end(void)
{
    if (console.line_seen) {
        tell(&console.people, line_erased, sizeof line_erased - 1);
        console.line_seen = false;
    }
    console.begun = false;
    console.rates = (struct meter_rates){0};
    console.status_ns = 0;
    console.redraw_ns = 0;
}

void console_progress(void *context, const vsr_progress *progress)
{
    (void)context;
    const uint64_t now_ns = progress->elapsed_ns;
    (void)pthread_mutex_lock(&events_lock);
    outlet_pump(&console.events);
    (void)pthread_mutex_unlock(&events_lock);
    outlet_pump(&console.people);
    meter_rates_take(&console.rates, progress);
    metrics_progress(progress);
    if (console.has_events && !console.begun) {
        event_begin(progress);
    }
    if (console.has_events && (progress->is_last != 0 || now_ns - console.status_ns >= STATUS_NS)) {
        console.status_ns = now_ns;
        event_status(progress);
    }
    if (console.has_line && now_ns - console.redraw_ns >= REDRAW_NS) {
        console.redraw_ns = now_ns;
        line_draw(progress);
    }
}

/* --- sentences --- */

void console_note(const char *sentence)
{
    struct line line = {0};
    line_printf(&line, "%s", console.line_seen ? line_erased : "");
    line_shown(&line, sentence);
    line_printf(&line, "\n");
    tell(&console.people, line.p, line.n);
    console.line_seen = false;
    line_free(&line);
}

void console_warn(void *context, const char *sentence)
{
    (void)context;
    console_note(sentence);
    if (console.has_events) {
        struct line line = {0};
        line_printf(&line, "{\"t\":\"warning\",\"v\":1,\"text\":");
        line_json(&line, sentence);
        event_end(&line);
    }
}

int console_error(const vsr_error *error)
{
    struct line text = {0};
    error_line(&text, error);
    tell(&console.people, text.p, text.n);
    line_free(&text);
    if (console.has_events) {
        struct line line = {0};
        line_printf(&line, "{\"t\":\"error\",\"v\":1,\"code\":%d,\"name\":", -(int)error->code);
        line_json(&line, vsr_code_text(error->code));
        line_printf(&line, ",\"where\":");
        line_json(&line, error->where);
        line_printf(&line, ",\"text\":");
        line_json(&line, error->what);
        if (error->os_errno != 0) {
            line_printf(&line, ",\"errno\":%d", error->os_errno);
        } else {
            line_printf(&line, ",\"errno\":null");
        }
        event_end(&line);
    }
    return -(int)error->code;
}

int console_text_sink(void *context, const char *text, size_t bytes)
{
    (void)context;
    if (console.has_text) {
        tell(&console.text, text, bytes);
    }
    return 0;
}

void console_say(const char *format, ...)
{
    char text[8192];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0) {
        (void)console_text_sink(NULL, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    }
}

void console_step(size_t number, size_t count, const char *set)
{
    struct line line = {0};
    line_printf(&line, "step %zu of %zu: ", number, count);
    line_shown(&line, set);
    line_printf(&line, "\n");
    (void)console_text_sink(NULL, line.p, line.n);
    line_free(&line);
    if (console.has_events) {
        line_printf(&line, "{\"t\":\"step\",\"v\":1,\"step\":%zu,\"steps\":%zu,", number, count);
        line_json_path(&line, "set", set);
        event_end(&line);
    }
}

void console_summary_without_run(int exit_code)
{
    vsr_error ignored = {0};
    (void)vsr_report_render_none(exit_code, console_event_sink, NULL, &ignored);
}

/* --- closing --- */

void console_end(int code, const char *sentence)
{
    if (console.is_open) {
        last_words_say(code);
        outlet_last(&console.people, line_erased, console.line_seen ? sizeof line_erased - 1 : 0,
                    EVENTS_STALL_S);
        outlet_last(&console.people, sentence, strlen(sentence), EVENTS_STALL_S);
    } else {
        (void)fputs(sentence, stderr);
    }
    _Exit(code);
}

static int outlet_end(struct outlet *outlet, int stall_s, const char *what, int code)
{
    const int lost = outlet_close(outlet, stall_s);
    if (lost == 0) {
        return code;
    }
    char text[512]; /* what was told of the end stays true: memory cannot run out any more */
    const int n =
        snprintf(text, sizeof text,
                 "vssrestore: cannot write %s: %s; the summary stands in the run folder\n", what,
                 lost == ETIMEDOUT ? "nobody reads it" : strerror(lost));
    (void)outlet_put(&console.people, text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0);
    return code != 0 || lost == EPIPE || lost == ETIMEDOUT ? code : -(int)VSR_ERR_DEST_IO;
}

int console_close(int code)
{
    console_progress_end();
    if (console.has_events) {
        code = outlet_end(&console.events, EVENTS_STALL_S, "the summary and other events", code);
    }
    if (console.has_text) {
        code = outlet_end(&console.text, PEOPLE_STALL_S, "the summary to standard output", code);
    }
    (void)outlet_close(&console.people, EVENTS_STALL_S);
    return code;
}
