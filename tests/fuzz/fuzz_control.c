/* fuzz_control.c - the control line of a run, from both ends: clients that say and do anything, and
 * a run that answers anything.
 *
 * Goal: each turn of the run ends, each command gets one line of JSON, a guest who comes after all
 * of that is answered; and whatever a run answers is one line for people, that steers no terminal.
 * Method: the input's first part, ended by 0xFF, is what clients do: a byte says who and what (say
 * so many bytes, read, go, a turn), what is said follows. The rest is the answer of a run. */
#include "fuzz.h"
#include "fuzz_folder.h"
#include "fuzz_json.h"

#include "run/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { GUESTS = 10, STEPS_MAX = 200 };

static char asked_path[256];
static int serving_fd = -1, listening_fd = -1;

static int line_socket(int dir_fd, struct sockaddr_un *address, int flags)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/control", dir_fd);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    VSR_REQUIRE(fd >= 0);
    return fd;
}

void fuzz_prepare(void)
{
    char serving_path[256];
    struct sockaddr_un address;
    fuzz_json_never_fails();
    const char *folder = fuzz_folder_make();
    (void)snprintf(serving_path, sizeof serving_path, "%s/serving", folder);
    (void)snprintf(asked_path, sizeof asked_path, "%s/asked", folder);
    VSR_REQUIRE(mkdir(serving_path, 0700) == 0 && mkdir(asked_path, 0700) == 0);
    serving_fd = open(serving_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int asked_fd = open(asked_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    listening_fd = line_socket(asked_fd, &address, 0);
    VSR_REQUIRE(bind(listening_fd, (const struct sockaddr *)&address, sizeof address) == 0);
    VSR_REQUIRE(listen(listening_fd, 1) == 0);
}

/* --- those who ask --- */

struct line {
    struct control control;
    struct conduct_progress now;
    int guests[GUESTS]; /* -1: none */
    uint64_t sum;
};

static int guest_come(void)
{
    struct sockaddr_un address;
    const int fd = line_socket(serving_fd, &address, SOCK_NONBLOCK);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        VSR_REQUIRE(errno == EAGAIN); /* so many wait already */
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void turn(struct line *l, uint64_t passed_ns)
{
    l->now.elapsed_ns += passed_ns;
    control_serve(&l->control, &l->now);
    fuzz_add_number(&l->sum, l->control.wishes.paused + 2u * l->control.wishes.cancelled);
    fuzz_add_number(&l->sum, l->control.wishes.bytes_per_s);
}

/* What came is whole lines of JSON. How many. */
static uint64_t guest_read(int fd)
{
    char bytes[65536];
    uint64_t lines = 0;
    const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    for (struct view rest = {bytes, got > 0 ? (size_t)got : 0}; rest.n > 0; lines++) {
        const size_t end = view_find(rest, '\n');
        if (end == rest.n) {
            VSR_REQUIRE((size_t)got == sizeof bytes); /* the rest is read later, or never */
            break;
        }
        json_t *object = json_loadb(rest.p, end, 0, NULL);
        VSR_REQUIRE(lines > 0 || json_is_object(object)); /* one may begin in a line's middle */
        json_decref(object);
        rest = view_skip(rest, end + 1);
    }
    return lines;
}

static void guest_act(struct line *l, uint8_t what, struct view *rest)
{
    int *guest = &l->guests[what % GUESTS];
    *guest = *guest >= 0 ? *guest : guest_come();
    if (*guest < 0) {
        return;
    }
    switch (what / GUESTS % 4) {
    case 0:
    case 1: {
        const size_t told = rest->n > 0 ? (uint8_t)rest->p[0] : 0;
        *rest = view_skip(*rest, rest->n > 0 ? 1 : 0);
        const size_t count = told < rest->n ? told : rest->n;
        (void)!send(*guest, rest->p, count, MSG_NOSIGNAL);
        *rest = view_skip(*rest, count);
        break;
    }
    case 2:
        fuzz_add_number(&l->sum, guest_read(*guest));
        break;
    default:
        (void)close(*guest);
        *guest = -1;
    }
}

/* After whatever the others did: some seconds later there is a place for one more. */
static void guest_is_answered(struct line *l)
{
    uint64_t lines = 0;
    turn(l, CONTROL_SILENCE_NS);
    turn(l, CONTROL_SILENCE_NS);
    const int fd = guest_come();
    VSR_REQUIRE(fd >= 0 && send(fd, "status\n", 7, MSG_NOSIGNAL) == 7);
    for (int turns = 0; turns < 4 && lines == 0; turns++) {
        turn(l, CONTROL_SILENCE_NS);
        lines = guest_read(fd);
    }
    VSR_REQUIRE(lines == 1);
    (void)close(fd);
}

static uint64_t serving_number(struct view acts)
{
    struct line l = {.now = {.unit = "w: \x1b\xff", .files_total = 3}, .sum = 1};
    for (int i = 0; i < GUESTS; i++) {
        l.guests[i] = -1;
    }
    control_open(&l.control, serving_fd, 0);
    VSR_REQUIRE(l.control.listen_fd >= 0);
    for (int i = 0; i < STEPS_MAX && acts.n > 0; i++) {
        const uint8_t what = (uint8_t)acts.p[0];
        acts = view_skip(acts, 1);
        if (what >= 4 * GUESTS) {
            turn(&l, what % 2 == 0 ? 100000000 : CONTROL_SILENCE_NS);
        } else {
            guest_act(&l, what, &acts);
        }
    }
    guest_is_answered(&l);
    for (int i = 0; i < GUESTS; i++) {
        if (l.guests[i] >= 0) {
            (void)close(l.guests[i]);
        }
    }
    control_close(&l.control);
    return l.sum;
}

/* --- who answers --- */

static pthread_t answering;
static bool answers;
static struct view answer;

static void *answer_give(void *context)
{
    char command[CONTROL_LINE_MAX];
    const int fd = accept(listening_fd, NULL, NULL);
    (void)context;
    VSR_REQUIRE(fd >= 0 && recv(fd, command, sizeof command, 0) == 7);
    (void)!send(fd, answer.p, answer.n, MSG_NOSIGNAL);
    (void)close(fd);
    return NULL;
}

static void answer_end(void)
{
    if (answers) {
        answers = false;
        VSR_REQUIRE(pthread_join(answering, NULL) == 0);
    }
}

void fuzz_forget(void)
{
    answer_end();
}

static bool is_for_people(struct view text)
{
    for (size_t i = 0; i + 1 < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == '\x7f') {
            return false;
        }
    }
    return text.n > 0 && text.p[text.n - 1] == '\n' && view_is_utf8(text);
}

static uint64_t asking_number(struct view bytes)
{
    struct buffer got = {0}, text = {0};
    vsr_error error = {0};
    uint64_t sum = 1;
    fuzz_plenty(true);
    answer = bytes;
    answers = pthread_create(&answering, NULL, answer_give, NULL) == 0;
    VSR_REQUIRE(answers);
    fuzz_plenty(false);
    const vsr_code rc = control_ask(asked_path, "status", &got, &error);
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_SELECTION || rc == VSR_ERR_USAGE);
    if (rc == VSR_OK) {
        control_render_text(buffer_view(&got), &text);
        VSR_REQUIRE(is_for_people(buffer_view(&text)));
        fuzz_add_text(&sum, buffer_view(&text));
    } else {
        sum = fuzz_refused(rc, &error);
    }
    fuzz_add_text(&sum, buffer_view(&got));
    buffer_free(&got);
    buffer_free(&text);
    fuzz_plenty(true);
    answer_end();
    fuzz_plenty(false);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    const struct view all = {(const char *)data, size};
    const size_t end = view_find(all, '\xff');
    const uint64_t parts[2] = {serving_number((struct view){all.p, end}),
                               asking_number(view_skip(all, end < all.n ? end + 1 : end))};
    return hash_bytes(parts, sizeof parts) | 1;
}
