/* desk.c - a list under a lock, an eventfd for who serves, a semaphore for each who waits.
 *
 * Beside the data's way, and only for sets that a front end reads on its own thread: files are read
 * without a lock (engine/worker.c). */
#include "media/desk.h"

#include "base/heap.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum desk_state { DESK_CLOSED, DESK_OPEN, DESK_SHUT };

struct desk_request { /* on the stack of who waits */
    struct desk_request *next;
    desk_errand *errand;
    void *argument;
    int64_t result;
    sem_t served;
};

struct desk {
    pthread_mutex_t lock; /* of all below but event_fd */
    enum desk_state state;
    pthread_t home;
    struct desk_request *first, *last;
    int event_fd;
};

vsr_code desk_create(struct desk **out, vsr_error *error)
{
    struct desk *desk = heap_alloc(1, sizeof *desk);
    desk->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (desk->event_fd < 0) {
        free(desk);
        return err_sys(error, VSR_ERR_MEMORY, "media/desk",
                       "cannot have a descriptor for reads that wait");
    }
    (void)pthread_mutex_init(&desk->lock, NULL);
    *out = desk;
    return VSR_OK;
}

void desk_free(struct desk *desk)
{
    if (desk != NULL) {
        (void)close(desk->event_fd);
        (void)pthread_mutex_destroy(&desk->lock);
        free(desk);
    }
}

void desk_open(struct desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    desk->state = DESK_OPEN;
    desk->home = pthread_self();
    (void)pthread_mutex_unlock(&desk->lock);
}

void desk_ring(struct desk *desk)
{
    const uint64_t one = 1;
    (void)!write(desk->event_fd, &one, sizeof one); /* full: it is readable anyway */
}

static void desk_queue(struct desk *desk, struct desk_request *request)
{
    if (desk->first == NULL) {
        desk->first = request;
    } else {
        desk->last->next = request;
    }
    desk->last = request;
}

int64_t desk_ask(struct desk *desk, desk_errand *errand, void *argument)
{
    struct desk_request request = {.errand = errand, .argument = argument, .result = -ECANCELED};
    (void)pthread_mutex_lock(&desk->lock);
    const enum desk_state state = desk->state;
    const bool here =
        state == DESK_CLOSED || (state == DESK_OPEN && pthread_equal(desk->home, pthread_self()));
    if (!here && state == DESK_OPEN) {
        (void)sem_init(&request.served, 0, 0);
        desk_queue(desk, &request);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    if (here) {
        return errand(argument);
    }
    if (state == DESK_OPEN) {
        desk_ring(desk);
        while (sem_wait(&request.served) != 0) {
        }
        (void)sem_destroy(&request.served);
    }
    return request.result;
}

int desk_descriptor(const struct desk *desk)
{
    return desk->event_fd;
}

/* What has waited longest, or NULL. */
static struct desk_request *desk_take(struct desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    struct desk_request *taken = desk->first;
    if (taken != NULL) {
        desk->first = taken->next;
    }
    const bool more = desk->first != NULL;
    (void)pthread_mutex_unlock(&desk->lock);
    if (more) {
        desk_ring(desk);
    }
    return taken;
}

/* Who waits goes on, and *request is gone with it. Returns the next. */
static struct desk_request *desk_release(struct desk_request *request)
{
    struct desk_request *next = request->next;
    (void)sem_post(&request->served);
    return next;
}

void desk_serve(struct desk *desk)
{
    uint64_t count;
    (void)!read(desk->event_fd, &count, sizeof count); /* before the list: no ring is lost */
    struct desk_request *request = desk_take(desk);
    if (request != NULL) {
        request->result = request->errand(request->argument);
        (void)desk_release(request);
    }
}

void desk_shut(struct desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    struct desk_request *request = desk->first;
    desk->first = NULL;
    desk->state = DESK_SHUT;
    (void)pthread_mutex_unlock(&desk->lock);
    while (request != NULL) {
        request = desk_release(request);
    }
}

void desk_close(struct desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    desk->state = DESK_CLOSED;
    (void)pthread_mutex_unlock(&desk->lock);
}
