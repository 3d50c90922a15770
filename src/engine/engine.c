/* engine.c - the pipeline's control side: tables made, workers started, groups waited for.
 *
 * Everything is allocated before engine_start() returns. What workers do stands in worker.c and
 * the stages; what becomes of a staged group is the caller's business (dest/publish.h). */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/thread.h"
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct engine {
    struct engine_input input;
    struct file_table table;
    struct claim_list claims;
    struct worker *workers;
    uint32_t worker_count;
    atomic_bool stop;
    uint32_t groups_told;  /* by engine_wait() */
    atomic_bool abandoned; /* a worker could not start: nobody runs */
    sem_t begun, go;
};

struct engine_thread { /* what a thread is started with */
    struct engine *engine;
    struct worker *worker;
    vsr_error error; /* of worker_begin() */
};

static void *engine_thread(void *argument)
{
    struct engine_thread *start = argument;
    struct engine *engine = start->engine;
    struct worker *worker = start->worker;
    const vsr_code code = worker_begin(worker, &start->error);
    (void)sem_post(&engine->begun); /* *start is not ours from here on */
    while (sem_wait(&engine->go) != 0) {
    }
    if (code == VSR_OK && !atomic_load_explicit(&engine->abandoned, memory_order_acquire)) {
        worker_run(worker);
    }
    worker_end(worker);
    return NULL;
}

/* All run or none: every worker has its ring before the first of them takes a job. Rings are made
 * at the same time: to register a worker's buffers takes as long as to zero them. */
static vsr_code engine_start_workers(struct engine *engine, vsr_error *error)
{
    vsr_error first = {0};
    uint32_t started = 0;
    struct engine_thread *threads = heap_alloc(engine->worker_count, sizeof *threads);
    while (started < engine->worker_count && first.code == VSR_OK) {
        struct engine_thread *thread = &threads[started];
        *thread = (struct engine_thread){.engine = engine, .worker = &engine->workers[started]};
        const int fault =
            thread_start(&thread->worker->thread, "vsr-worker", engine_thread, thread);
        if (fault != 0) {
            errno = fault;
            (void)err_sys(&first, VSR_ERR_MEMORY, "engine/engine", "cannot start worker %u of %u",
                          started + 1, engine->worker_count);
            break;
        }
        engine->workers[started++].started = true;
    }
    for (uint32_t i = 0; i < started; i++) {
        while (sem_wait(&engine->begun) != 0) {
        }
    }
    for (uint32_t i = 0; i < started && first.code == VSR_OK; i++) {
        first = threads[i].error;
    }
    free(threads);
    atomic_store_explicit(&engine->abandoned, first.code != VSR_OK, memory_order_release);
    for (uint32_t i = 0; i < started; i++) {
        (void)sem_post(&engine->go);
    }
    if (first.code != VSR_OK && error != NULL && error->code == VSR_OK) {
        *error = first;
    }
    return first.code;
}

/* Is something of the file marked as written, by the run that was interrupted? */
static bool engine_is_continued(const struct engine_input *input, uint32_t file)
{
    const struct marks_segment *segment =
        input->marks != NULL ? marks_find(input->marks, file) : NULL;
    bool any = false;
    for (uint32_t i = 0; segment != NULL && !any && i < segment->count; i++) {
        any = marks_piece_is_done(input->marks, segment, i);
    }
    return any;
}

/* A resumed run: what an interrupted one left of files with several frames goes, because they are
 * opened without O_EXCL and their holes are not written. What is continued stays, writable to us
 * whatever permissions it has got already. */
static void engine_clear_leftovers(struct engine *engine)
{
    const struct engine_input *input = &engine->input;
    if (input->stage == NULL || input->stage->options.known == NULL) {
        return;
    }
    struct stage_where where = {.key = STAGE_KEY_NONE,
                                .path = heap_alloc(STAGE_PATH_BYTES_MAX, 1),
                                .name = heap_alloc(WIN_NAME_BYTES_MAX + 1u, 1)};
    for (uint32_t i = 0; i < input->plan->file_count; i++) {
        const bool continued = engine_is_continued(input, i);
        if (engine->table.role[i] != FILE_DATA ||
            (!continued && input->set->foreign == NULL &&
             !stage_is_ranged(&input->plan->files[i]) &&
             atomic_load_explicit(&engine->table.files[i].remaining, memory_order_relaxed) < 2) ||
            !stage_place(input->stage, i, &where)) {
            continue;
        }
        const int fd = root_openat(where.base_fd, where.path, O_PATH | O_DIRECTORY, 0);
        if (fd >= 0) {
            (void)(continued ? fchmodat(fd, where.name, 0600, 0) : unlinkat(fd, where.name, 0));
            (void)close(fd);
        }
    }
    free(where.path);
    free(where.name);
}

vsr_code engine_start(struct engine **out, const struct engine_input *input, vsr_error *error)
{
    struct engine *engine = heap_alloc(1, sizeof *engine);
    engine->input = *input;
    engine->table.event_fd = -1;
    (void)sem_init(&engine->begun, 0, 0);
    (void)sem_init(&engine->go, 0, 0);
    if (set_desk(input->set) != NULL) {
        desk_open(set_desk(input->set));
    }
    vsr_code code = file_table_init(&engine->table, &engine->input, error);
    if (code == VSR_OK) {
        code = claim_list_init(&engine->claims, &engine->table, input->budget->workers, error);
    }
    if (code == VSR_OK) {
        engine_clear_leftovers(engine);
    }
    engine->workers = heap_alloc(input->budget->workers, sizeof *engine->workers);
    while (code == VSR_OK && engine->worker_count < input->budget->workers) {
        code = worker_init(&engine->workers[engine->worker_count++], &engine->input, &engine->table,
                           &engine->claims, &engine->stop, error);
    }
    if (code == VSR_OK) {
        code = engine_start_workers(engine, error);
    }
    if (code != VSR_OK) {
        engine_stop(engine);
        engine_end(engine, NULL);
        return code;
    }
    *out = engine;
    return VSR_OK;
}

static bool engine_take_group(struct engine *engine, uint32_t *group)
{
    if (engine->groups_told == engine->table.group_count) {
        return false;
    }
    const uint32_t ended =
        atomic_load_explicit(&engine->table.ended[engine->groups_told], memory_order_acquire);
    if (ended == 0) {
        return false;
    }
    engine->groups_told++;
    *group = ended - 1;
    return true;
}

/* Until a group has ended, workers want something read, or the time is over. */
static void engine_sleep(struct engine *engine, struct desk *desk, uint64_t timeout_ns)
{
    const struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                                     .tv_nsec = (long)(timeout_ns % 1000000000u)};
    struct pollfd events[2] = {
        {.fd = engine->table.event_fd, .events = POLLIN},
        {.fd = desk != NULL ? desk_descriptor(desk) : -1, .events = POLLIN},
    };
    if (ppoll(events, desk != NULL ? 2 : 1, &timeout, NULL) <= 0) {
        return;
    }
    if (events[0].revents != 0) {
        uint64_t count;
        (void)!read(engine->table.event_fd, &count, sizeof count);
    }
    if (events[1].revents != 0) {
        desk_serve(desk);
    }
}

bool engine_wait(struct engine *engine, uint64_t timeout_ns, uint32_t *group)
{
    struct desk *desk = set_desk(engine->input.set);
    const uint64_t end_ns = desk != NULL ? clock_monotonic_ns() + timeout_ns : 0;
    uint64_t left_ns = timeout_ns;
    do {
        if (engine_take_group(engine, group)) {
            return true;
        }
        if (engine_is_done(engine)) {
            return false;
        }
        engine_sleep(engine, desk, left_ns);
        const uint64_t now_ns = desk != NULL ? clock_monotonic_ns() : 0;
        left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
    } while (left_ns > 0); /* reads were served, and there is time left */
    return engine_take_group(engine, group);
}

bool engine_is_done(const struct engine *engine)
{
    return engine->groups_told == engine->table.group_count;
}

void engine_stop(struct engine *engine)
{
    struct desk *desk = set_desk(engine->input.set);
    atomic_store_explicit(&engine->stop, true, memory_order_release);
    if (desk != NULL) {
        desk_shut(desk); /* workers that wait for a read need it no more */
    }
}

void engine_progress(const struct engine *engine, struct engine_progress *out)
{
    *out = (struct engine_progress){0};
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct meter *meter = &engine->workers[i].meter;
        out->files_done += meter_read(&meter->files_done);
        out->bytes_done += meter_read(&meter->bytes_done);
        out->stored_bytes_read += meter_read(&meter->stored_bytes_read);
        out->frames += meter_read(&meter->frames);
        out->files_failed += meter_read(&meter->files_failed);
    }
}

void engine_join(struct engine *engine)
{
    struct desk *desk = set_desk(engine->input.set);
    if (desk != NULL) {
        desk_shut(desk);
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].started) {
            (void)pthread_join(engine->workers[i].thread, NULL);
            engine->workers[i].started = false;
        }
    }
    if (desk != NULL) {
        desk_close(desk);
    }
}

uint32_t engine_profile(const struct engine *engine, struct work_profile **workers)
{
    *workers = heap_alloc(engine->worker_count, sizeof **workers);
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        work_profile_take(&(*workers)[i], &engine->workers[i].meter);
    }
    work_profile_idle(*workers, engine->worker_count);
    return engine->worker_count;
}

void engine_slowest(const struct engine *engine, struct slow_list *out)
{
    *out = (struct slow_list){0};
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct slow_list *own = &engine->workers[i].slow;
        for (uint32_t k = 0; k < own->count; k++) {
            slow_list_add(out, own->files[k].file, own->files[k].ms);
        }
    }
    slow_list_sort(out);
}

void engine_end(struct engine *engine, struct meta_loss *losses)
{
    engine_join(engine);
    if (losses != NULL) {
        *losses = (struct meta_loss){0};
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct worker *worker = &engine->workers[i];
        if (losses != NULL) {
            meta_loss_add(losses, &worker->losses);
        }
        worker_fini(worker);
    }
    (void)sem_destroy(&engine->begun);
    (void)sem_destroy(&engine->go);
    claim_list_fini(&engine->claims);
    file_table_fini(&engine->table);
    free(engine->workers);
    free(engine);
}
