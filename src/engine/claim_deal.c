/* claim_deal.c - jobs cut into claims, and claims put in the order in which workers take them.
 *
 * Jobs come in the order of the media; claims of several places of them are dealt in turn, because
 * two workers in one file wait for each other. Control plane. */
#include "engine/claim_deal.h"

#include "base/heap.h"

#include <stdlib.h>

/* What a worker takes at a time: sequential for a disk, small enough to be shared out. */
#define CLAIM_COST_MAX ((uint64_t)8 << 20)
/* What making a file costs, in bytes that are read, decoded and written in that time (measured on
 * tmpfs: 3 to 4 us, 1 GB/s): without it all empty files of a tree were one worker's. */
#define CLAIM_PIECE_COST ((uint64_t)4096)
/* As many places of the media are read in turn at most. */
enum { CLAIM_STRETCHES_MAX = 8 };

/* The file of a job's first or last piece. */
static uint32_t claim_job_file(const struct claim_list *list, uint32_t job, bool last)
{
    return list->pieces[last ? list->job_first[job + 1] - 1 : list->job_first[job]].file;
}

/* Does a file of several jobs end, or begin, between this job and the next? A claim ends there, so
 * that claim_deal() finds whole ones of each large file. */
static bool claim_file_ends(const struct claim_list *list, uint32_t job)
{
    const uint32_t file = claim_job_file(list, job, true);
    const uint32_t next = claim_job_file(list, job + 1, false);
    return file != next &&
           ((job > 0 && claim_job_file(list, job - 1, true) == file) ||
            (job + 2 < list->job_count && claim_job_file(list, job + 2, false) == next));
}

static uint64_t claim_job_cost(const struct claim_list *list, uint32_t job)
{
    const uint32_t pieces = list->job_first[job + 1] - list->job_first[job];
    return list->job_bytes[job] + pieces * CLAIM_PIECE_COST;
}

static void claim_cut(struct claim_list *list, uint32_t workers)
{
    uint64_t left = 0;
    list->claims = heap_alloc(list->job_count, sizeof *list->claims);
    for (uint32_t i = 0; i < list->job_count; i++) {
        left += claim_job_cost(list, i);
    }
    for (uint32_t job = 0; job < list->job_count;) {
        const uint64_t share = left / (2 * (uint64_t)workers);
        const uint64_t cost_max = share < CLAIM_COST_MAX ? share : CLAIM_COST_MAX;
        const uint32_t first_job = job;
        uint64_t cost = 0;
        do {
            cost += claim_job_cost(list, job);
            job++;
        } while (job < list->job_count && cost + claim_job_cost(list, job) <= cost_max &&
                 !claim_file_ends(list, job - 1));
        left -= cost;
        list->claims[list->claim_count++] = (struct claim){first_job, job};
    }
    list->claims = heap_resize(list->claims, list->claim_count, sizeof *list->claims);
}

/* --- large files in turn --- */

/* The file that all of a claim belongs to, or MARK_NONE. */
static uint32_t claim_single_file(const struct claim_list *list, uint32_t claim)
{
    const uint32_t first = list->job_first[list->claims[claim].first];
    const uint32_t last = list->job_first[list->claims[claim].end] - 1;
    const uint32_t file = list->pieces[first].file;
    return file == list->pieces[last].file ? file : MARK_NONE;
}

static uint32_t claim_group(const struct claim_list *list, uint32_t claim)
{
    const uint32_t first = list->job_first[list->claims[claim].first];
    return file_table_group(list->table, list->pieces[first].file);
}

/* Claims that follow each other: all of one large file, or none of any. */
struct claim_stretch {
    uint32_t next;
    uint32_t end;
    bool large;
    uint64_t left;     /* cost of what is not dealt yet */
    uint32_t dealt_at; /* when one of it was dealt last, counted from workers on */
};

/* How many claims from first on belong to one file. */
static uint32_t claim_file_run(const struct claim_list *list, uint32_t first)
{
    const uint32_t file = claim_single_file(list, first);
    uint32_t end = first;
    while (file != MARK_NONE && end < list->claim_count && claim_single_file(list, end) == file) {
        end++;
    }
    return end - first;
}

static uint64_t claim_cost(const struct claim_list *list, uint32_t claim)
{
    uint64_t cost = 0;
    for (uint32_t job = list->claims[claim].first; job < list->claims[claim].end; job++) {
        cost += claim_job_cost(list, job);
    }
    return cost;
}

static struct claim_stretch claim_stretch_from(const struct claim_list *list, uint32_t first)
{
    const uint32_t run = claim_file_run(list, first);
    struct claim_stretch stretch = {.next = first, .end = first + run, .large = run > 1};
    while (!stretch.large && stretch.end < list->claim_count &&
           claim_group(list, stretch.end) == claim_group(list, first) &&
           claim_file_run(list, stretch.end) < 2) {
        stretch.end++;
    }
    for (uint32_t i = stretch.next; i < stretch.end; i++) {
        stretch.left += claim_cost(list, i);
    }
    return stretch;
}

/* Whichever has most left, so that all end together; of a large file, not what another worker has
 * just been given. */
static struct claim_stretch *claim_choose(struct claim_stretch *stretches, uint32_t count,
                                          uint32_t now, uint32_t workers)
{
    struct claim_stretch *chosen = NULL;
    bool chosen_waits = false;
    for (uint32_t i = 0; i < count; i++) {
        struct claim_stretch *s = &stretches[i];
        const bool waits = s->large && s->dealt_at + workers > now;
        if (s->next < s->end && (chosen == NULL || (chosen_waits && !waits) ||
                                 (chosen_waits == waits && s->left > chosen->left))) {
            chosen = s;
            chosen_waits = waits;
        }
    }
    return chosen;
}

/* Deal the claims of stretches that follow each other in turn. Measured: two workers in one file
 * reach half of what they reach in two, because a write holds its inode's lock. */
static void claim_deal(struct claim_list *list, uint32_t workers)
{
    struct claim *dealt = heap_alloc(list->claim_count, sizeof *dealt);
    for (uint32_t begin = 0, at = 0; begin < list->claim_count; begin = at) {
        struct claim_stretch stretches[CLAIM_STRETCHES_MAX];
        uint32_t count = 0;
        do {
            stretches[count] = claim_stretch_from(list, at);
            at = stretches[count++].end;
        } while (count < CLAIM_STRETCHES_MAX && at < list->claim_count &&
                 claim_group(list, at) == claim_group(list, begin));
        for (uint32_t i = begin; i < at; i++) {
            struct claim_stretch *from =
                claim_choose(stretches, count, i - begin + workers, workers);
            from->dealt_at = i - begin + workers;
            from->left -= claim_cost(list, from->next);
            dealt[i] = list->claims[from->next++];
        }
    }
    free(list->claims);
    list->claims = dealt;
}

void claim_make_claims(struct claim_list *list, uint32_t workers)
{
    claim_cut(list, workers);
    claim_deal(list, workers);
}
