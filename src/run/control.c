/* control.c - the run's side of the control line. The asking side is control_ask.c's. */
#include "run/control.h"

#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void control_open(struct control *control, int dir_fd, uint64_t bytes_per_s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *control = (struct control){.dir_fd = dir_fd, .wishes = {.bytes_per_s = bytes_per_s}};
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        control->clients[i].fd = -1;
    }
    /* By the descriptor: a socket's path must be short, a run folder's need not be. */
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", dir_fd);
    control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)unlinkat(dir_fd, "control",
                   0); /* of a process that was killed; the journal's lock is ours */
    if (control->listen_fd >= 0 &&
        (bind(control->listen_fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
         fchmodat(dir_fd, "control", 0600, 0) != 0 ||
         listen(control->listen_fd, CONTROL_CLIENTS_MAX) != 0)) {
        control_close(control);
    }
}

static void client_close(struct control_client *client)
{
    (void)close(client->fd);
    *client = (struct control_client){.fd = -1};
}

void control_close(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0) {
            client_close(&control->clients[i]);
        }
    }
    if (control->listen_fd >= 0) {
        (void)close(control->listen_fd);
        (void)unlinkat(control->dir_fd, "control", 0);
    }
    control->listen_fd = -1;
}

/* --- answers --- */

static void render_counts(struct json *json, const char *key, uint64_t total, uint64_t done)
{
    json_object_begin(json, key);
    json_u64(json, "total", total);
    json_u64(json, "done", done);
    json_object_end(json);
}

static void answer(const struct control *control, struct control_client *client, const char *fault,
                   const struct conduct_progress *now)
{
    const struct control_wishes *wishes = &control->wishes;
    struct buffer line = {0};
    struct json json = json_into(&line);
    json_object_begin(&json, NULL);
    json_text(&json, "t", VIEW("control"));
    json_u64(&json, "v", 1);
    json_bool(&json, "ok", fault == NULL);
    json_text(&json, "error", view_of(fault));
    json_text(&json, "state",
              wishes->cancelled ? VIEW("stopping")
              : wishes->paused  ? VIEW("paused")
                                : VIEW("running"));
    if (wishes->bytes_per_s > 0) {
        json_u64(&json, "throttle_bytes_per_s", wishes->bytes_per_s);
    } else {
        json_null(&json, "throttle_bytes_per_s");
    }
    render_counts(&json, "files", now->files_total, now->files_done);
    json_u64(&json, "files_failed", now->files_failed);
    render_counts(&json, "bytes", now->bytes_total, now->bytes_done);
    render_counts(&json, "units", now->units_total, now->units_done);
    json_u64(&json, "elapsed_ms", now->elapsed_ns / 1000000);
    json_text(&json, "unit", view_of(now->unit));
    json_object_end(&json);
    json_line_end(&json);
    if (send(client->fd, line.p, line.n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)line.n) {
        client_close(client); /* it does not read its answers */
    }
    buffer_free(&line);
}

/* --- commands --- */

/* NULL: carried out; else what is wrong with it. */
static const char *command_take(struct control_wishes *wishes, struct view line)
{
    static const struct view throttle = {"throttle ", sizeof "throttle " - 1};
    uint64_t bytes_per_s = 0;
    if (view_equal(line, VIEW("status"))) {
        return NULL;
    }
    if (view_equal(line, VIEW("pause")) || view_equal(line, VIEW("resume"))) {
        wishes->paused = line.p[0] == 'p';
        return NULL;
    }
    if (view_equal(line, VIEW("cancel"))) {
        wishes->cancelled = true;
        return NULL;
    }
    if (view_starts(line, throttle)) {
        if (!view_to_u64(view_skip(line, throttle.n), &bytes_per_s)) {
            return "throttle takes a number of bytes a second, 0 for no limit";
        }
        wishes->bytes_per_s = bytes_per_s;
        return NULL;
    }
    return "commands are status, pause, resume, throttle BYTES/S, cancel";
}

static void client_serve(struct control *control, struct control_client *client,
                         const struct conduct_progress *now)
{
    for (int lines = 0; client->fd >= 0 && lines < CONTROL_LINES_MAX;) {
        const struct view text = {client->line, client->n};
        const size_t end = view_find(text, '\n');
        if (end < text.n) {
            lines++;
            client->heard_ns = now->elapsed_ns;
            const char *fault = command_take(&control->wishes, (struct view){text.p, end});
            client->n -= end + 1;
            memmove(client->line, client->line + end + 1, client->n);
            answer(control, client, fault, now);
            continue;
        }
        const ssize_t got = client->n == sizeof client->line
                                ? 0 /* no command is that long */
                                : recv(client->fd, client->line + client->n,
                                       sizeof client->line - client->n, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            client_close(client);
        } else if (got < 0) {
            return;
        } else {
            client->n += (size_t)got;
        }
    }
}

/* Ours, or root: who else can enter the folder was let in by its owner, to look at it. */
static bool peer_is_fit(int fd)
{
    struct ucred peer = {0};
    socklen_t bytes = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

/* A place for one more client: a free one, or that of who was silent longest. NULL: nobody was long
 * enough. */
static struct control_client *client_place(struct control *control, uint64_t now_ns)
{
    struct control_client *longest = NULL;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = &control->clients[i];
        if (client->fd < 0) {
            return client;
        }
        if (now_ns - client->heard_ns >= CONTROL_SILENCE_NS &&
            (longest == NULL || client->heard_ns < longest->heard_ns)) {
            longest = client;
        }
    }
    return longest;
}

static bool client_waits(const struct control *control)
{
    struct pollfd waiting = {.fd = control->listen_fd, .events = POLLIN};
    return poll(&waiting, 1, 0) > 0;
}

static void clients_accept(struct control *control, uint64_t now_ns)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX && client_waits(control); i++) {
        struct control_client *place = client_place(control, now_ns);
        const int fd = place == NULL
                           ? -1
                           : accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        if (!peer_is_fit(fd)) {
            (void)close(fd);
            continue;
        }
        if (place->fd >= 0) {
            client_close(place);
        }
        *place = (struct control_client){.fd = fd, .heard_ns = now_ns};
    }
}

void control_serve(struct control *control, const struct conduct_progress *now)
{
    if (control->listen_fd < 0) {
        return;
    }
    clients_accept(control, now->elapsed_ns);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        client_serve(control, &control->clients[i], now);
    }
}
