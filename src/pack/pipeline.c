/* pipeline.c - the ring of frames between the caller's thread and the workers. */
#include "pack/pipeline.h"

#include "base/confine.h"
#include "base/heap.h"
#include "base/thread.h"
#include "media/frame.h"
#include "pack/fill.h"

#include <pthread.h>
#include <stdlib.h>

struct pipeline {
    pthread_mutex_t lock; /* over the counts, done and stop */
    pthread_cond_t work;  /* a frame was cut, or stop */
    pthread_cond_t done_one;
    uint64_t cut_count, claimed_count, written_count;
    bool stop;
    uint32_t job_count;
    struct frame_job *jobs; /* frame n is in job n % job_count */
    bool *done;
};

struct pipeline_worker {
    pthread_t thread;
    struct pipeline *pipeline;
    struct filler filler;
};

/* The next frame to fill, or NULL when there will be none. */
static struct frame_job *job_claim(struct pipeline *pipeline)
{
    struct frame_job *job = NULL;
    (void)pthread_mutex_lock(&pipeline->lock);
    while (!pipeline->stop && pipeline->claimed_count == pipeline->cut_count) {
        (void)pthread_cond_wait(&pipeline->work, &pipeline->lock);
    }
    if (!pipeline->stop) {
        job = &pipeline->jobs[pipeline->claimed_count++ % pipeline->job_count];
    }
    (void)pthread_mutex_unlock(&pipeline->lock);
    return job;
}

static void job_done(struct pipeline *pipeline, const struct frame_job *job)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    pipeline->done[job - pipeline->jobs] = true;
    (void)pthread_cond_signal(&pipeline->done_one);
    (void)pthread_mutex_unlock(&pipeline->lock);
}

/* It reads files and fills frames; the caller's thread writes them. */
static void *worker_main(void *argument)
{
    struct pipeline_worker *worker = argument;
    (void)confine_thread(NULL);
    for (struct frame_job *job = job_claim(worker->pipeline); job != NULL;
         job = job_claim(worker->pipeline)) {
        fill_frame(&worker->filler, job);
        job_done(worker->pipeline, job);
    }
    return NULL;
}

/* Cut frames while jobs are free. */
static void jobs_cut(struct pipeline *pipeline, struct cut *cut)
{
    while (pipeline->cut_count - pipeline->written_count < pipeline->job_count &&
           cut_frame(cut, &pipeline->jobs[pipeline->cut_count % pipeline->job_count])) {
        (void)pthread_mutex_lock(&pipeline->lock);
        pipeline->cut_count++;
        (void)pthread_cond_signal(&pipeline->work);
        (void)pthread_mutex_unlock(&pipeline->lock);
    }
}

/* The oldest frame, filled. */
static struct frame_job *job_wait(struct pipeline *pipeline)
{
    const uint32_t at = (uint32_t)(pipeline->written_count % pipeline->job_count);
    (void)pthread_mutex_lock(&pipeline->lock);
    while (!pipeline->done[at]) {
        (void)pthread_cond_wait(&pipeline->done_one, &pipeline->lock);
    }
    pipeline->done[at] = false;
    (void)pthread_mutex_unlock(&pipeline->lock);
    return &pipeline->jobs[at];
}

/* alone: no worker could be started, and this thread fills, too. */
static vsr_code frames_move(struct pipeline *pipeline, const struct pipeline_parts *parts,
                            struct filler *alone, vsr_error *error)
{
    vsr_code rc = VSR_OK;
    for (;;) {
        jobs_cut(pipeline, parts->cut);
        if (rc != VSR_OK || pipeline->written_count == pipeline->cut_count) {
            return rc;
        }
        if (alone != NULL) {
            struct frame_job *job = job_claim(pipeline);
            fill_frame(alone, job);
            job_done(pipeline, job);
        }
        rc = gather_frame(parts->gather, job_wait(pipeline), error);
        notices_tell(parts->notices, NOTICE_ORDER_ADDED);
        pipeline->written_count++;
        if (rc != VSR_OK) {
            return rc;
        }
    }
}

static void jobs_make(struct pipeline *pipeline, uint32_t worker_count)
{
    pipeline->job_count = worker_count * PACK_FRAMES_PER_WORKER;
    pipeline->jobs = heap_alloc(pipeline->job_count, sizeof *pipeline->jobs);
    pipeline->done = heap_alloc(pipeline->job_count, sizeof *pipeline->done);
    for (uint32_t i = 0; i < pipeline->job_count; i++) {
        pipeline->jobs[i].plain = heap_alloc(FRAME_PLAIN_BYTES_MAX, 1);
        pipeline->jobs[i].stored = heap_alloc(frame_stored_bound(FRAME_PLAIN_BYTES_MAX), 1);
    }
}

static void jobs_free(struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->job_count; i++) {
        free(pipeline->jobs[i].plain);
        free(pipeline->jobs[i].stored);
        free(pipeline->jobs[i].parts);
        free(pipeline->jobs[i].pieces);
    }
    free(pipeline->jobs);
    free(pipeline->done);
}

static void workers_stop(struct pipeline *pipeline, struct pipeline_worker *workers,
                         uint32_t started)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    pipeline->stop = true;
    (void)pthread_cond_broadcast(&pipeline->work);
    (void)pthread_mutex_unlock(&pipeline->lock);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
}

vsr_code pipeline_run(const struct pipeline_parts *parts, vsr_error *error)
{
    struct pipeline pipeline = {0};
    struct pipeline_worker *workers = heap_alloc(parts->worker_count, sizeof *workers);
    uint32_t started = 0;
    (void)pthread_mutex_init(&pipeline.lock, NULL);
    (void)pthread_cond_init(&pipeline.work, NULL);
    (void)pthread_cond_init(&pipeline.done_one, NULL);
    jobs_make(&pipeline, parts->worker_count);
    for (uint32_t i = 0; i < parts->worker_count; i++) {
        workers[i].pipeline = &pipeline;
        fill_init(&workers[i].filler, parts->catalogue, parts->sources, parts->set_uuid,
                  parts->worker_count);
    }
    while (started < parts->worker_count && thread_start(&workers[started].thread, "vsr-pack",
                                                         worker_main, &workers[started]) == 0) {
        started++;
    }
    const vsr_code rc =
        frames_move(&pipeline, parts, started == 0 ? &workers[0].filler : NULL, error);
    workers_stop(&pipeline, workers, started);
    for (uint32_t i = 0; i < parts->worker_count; i++) {
        fill_fini(&workers[i].filler);
    }
    jobs_free(&pipeline);
    free(workers);
    (void)pthread_cond_destroy(&pipeline.done_one);
    (void)pthread_cond_destroy(&pipeline.work);
    (void)pthread_mutex_destroy(&pipeline.lock);
    return rc;
}
