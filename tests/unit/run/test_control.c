/* test_control.c - clients of the control line that are no guests.
 *
 * Goal: whatever one of them does, a turn of the run ends, and the others are answered in it.
 * Method: a line in a folder of its own, clients in this process, turns taken one by one. */
#include "vsr_test.h"

#include "media_fixture.h"

#include "run/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MANY = 500 };

struct line_world {
    char folder[64];
    struct control control;
    struct conduct_progress now;
    int dir_fd;
};

static int world_open(void **state)
{
    struct line_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    fixture_folder(w->folder);
    w->dir_fd = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(w->dir_fd >= 0);
    control_open(&w->control, w->dir_fd, 0);
    assert_true(w->control.listen_fd >= 0);
    *state = w;
    return 0;
}

static int world_close(void **state)
{
    struct line_world *w = *state;
    control_close(&w->control);
    (void)close(w->dir_fd);
    assert_int_equal(rmdir(w->folder), 0);
    free(w);
    return 0;
}

static int client_open(const struct line_world *w)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control",
                   w->dir_fd);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void client_say(int fd, const char *line, size_t times)
{
    char bytes[8 * MANY];
    const size_t count = strlen(line);
    assert_true(count * times <= sizeof bytes);
    for (size_t i = 0; i < times; i++) {
        memcpy(bytes + i * count, line, count);
    }
    assert_int_equal(send(fd, bytes, count * times, MSG_NOSIGNAL), (ssize_t)(count * times));
}

static void turn(struct line_world *w)
{
    w->now.elapsed_ns += 100000000;
    control_serve(&w->control, &w->now);
}

/* Lines that came; -1: the line was closed. */
static int answers(int fd)
{
    static char bytes[1 << 20];
    int lines = 0;
    for (;;) {
        const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0) {
            return lines == 0 && (got == 0 || errno == ECONNRESET) ? -1 : lines;
        }
        for (ssize_t i = 0; i < got; i++) {
            lines += bytes[i] == '\n';
        }
    }
}

static void a_flood_is_a_part_of_a_turn(void **state)
{
    struct line_world *w = *state;
    const int flood = client_open(w), guest = client_open(w);
    client_say(flood, "status\n", MANY);
    client_say(guest, "pause\n", 1);
    turn(w);
    assert_int_equal(answers(flood), CONTROL_LINES_MAX);
    assert_int_equal(answers(guest), 1);
    assert_true(w->control.wishes.paused);
    int more = CONTROL_LINES_MAX;
    for (int turns = 1; more < MANY; turns++) {
        turn(w);
        more += answers(flood);
        assert_true(more <= CONTROL_LINES_MAX * (turns + 1));
    }
    assert_int_equal(more, MANY); /* late, and none is lost */
    (void)close(flood);
    (void)close(guest);
}

/* Empty lines are commands, too, and so is what one has of a line that never ends. */
static void lines_of_any_length_are_bounded(void **state)
{
    struct line_world *w = *state;
    const int empty = client_open(w), endless = client_open(w);
    client_say(empty, "\n\n\n\n\n\n\n\n\n\n", MANY / 10);
    client_say(endless, "x", CONTROL_LINE_MAX + 1); /* and no end */
    turn(w);
    assert_int_equal(answers(empty), CONTROL_LINES_MAX);
    assert_int_equal(answers(endless), -1);
    (void)close(empty);
    (void)close(endless);
}

static void who_does_not_read_is_dropped(void **state)
{
    struct line_world *w = *state;
    const int deaf = client_open(w);
    int turns = 0;
    for (; turns < 100 && (turns == 0 || w->control.clients[0].fd >= 0); turns++) {
        for (int i = 0; i < CONTROL_LINES_MAX; i++) {
            (void)!send(deaf, "status\n", 7, MSG_NOSIGNAL);
        }
        turn(w);
    }
    assert_in_range(turns, 2, 99);
    const int guest = client_open(w);
    client_say(guest, "status\n", 1);
    turn(w);
    assert_int_equal(answers(guest), 1);
    (void)close(deaf);
    (void)close(guest);
}

static void who_is_silent_gives_up_its_place(void **state)
{
    struct line_world *w = *state;
    int silent[CONTROL_CLIENTS_MAX];
    for (size_t i = 0; i < COUNT_OF(silent); i++) {
        silent[i] = client_open(w);
        turn(w); /* one after the other: the first is silent longest */
    }
    client_say(silent[0], "status\n", 1);
    turn(w);
    assert_int_equal(answers(silent[0]), 1);
    const int guest = client_open(w);
    client_say(guest, "status\n", 1);
    turn(w);
    assert_int_equal(answers(guest), 0); /* nobody was silent for long */
    w->now.elapsed_ns = w->control.clients[1].heard_ns + CONTROL_SILENCE_NS - 100000000;
    turn(w);
    assert_int_equal(answers(guest), 1);
    assert_int_equal(answers(silent[1]), -1);
    client_say(silent[0], "status\n", 1); /* it spoke, and stays */
    client_say(silent[2], "status\n", 1);
    turn(w);
    assert_int_equal(answers(silent[0]), 1);
    assert_int_equal(answers(silent[2]), 1);
    for (size_t i = 0; i < COUNT_OF(silent); i++) {
        (void)close(silent[i]);
    }
    (void)close(guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flood_is_a_part_of_a_turn, world_open, world_close),
        cmocka_unit_test_setup_teardown(lines_of_any_length_are_bounded, world_open, world_close),
        cmocka_unit_test_setup_teardown(who_does_not_read_is_dropped, world_open, world_close),
        cmocka_unit_test_setup_teardown(who_is_silent_gives_up_its_place, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
