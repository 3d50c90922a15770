/* worker.h - one thread, one ring, one slab; and what its stages share.
 *
 * A worker takes a frame from read to written on its own core. Everything here belongs to it
 * alone but for table, claims and stop. Nothing allocates, locks or logs after worker_ready(). */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include "engine/claim.h"
#include "engine/meter.h"
#include "engine/ring.h"
#include "engine/slot.h"

#include <pthread.h>

/* A file with several frames, as one worker has it open. */
struct large_file {
    uint32_t file; /* plan_file, or MARK_NONE */
    int fd;
    int direct_fd; /* -1: none */
    int base_fd;   /* of a file with ranges: what its gaps are copied from; -1: not yet, or none */
    bool direct_refused;
    uint32_t in_flight; /* slots that have a write to it in flight */
    uint64_t used;      /* when, for choosing which to close */
};

/* A staged directory that is kept open: files come folder by folder. */
struct open_directory {
    struct stage_where where;
    int fd;
    uint64_t used;
};

/* A pack of cold media, open past the page cache. */
struct direct_pack {
    uint32_t pack;
    int fd;             /* -1: none */
    uint32_t in_flight; /* slots that have a read of it in flight */
};

struct stream;                           /* stage_stream.c */
enum { WORKER_ATTRIBUTE_BYTES = 65536 }; /* XATTR_LIST_MAX, XATTR_SIZE_MAX */
enum { WORKER_DIRECTORIES = 2 };         /* a file's own, and that of its further names */
enum { WORKER_DIRECT_PACKS = 2 };        /* where one ends, the next one begins */

struct worker {
    pthread_t thread;
    bool started;
    const struct engine_input *input;
    struct file_table *table;
    struct claim_list *claims;
    const atomic_bool *stop;
    struct ring *ring;
    struct ring *spare; /* of plain calls, in case that the kernel's breaks; NULL: none is left */
    struct ring *given_up;
    char *slab;
    uint64_t slab_bytes;
    struct slot *slots;
    uint32_t slot_count;
    struct ring_event *events;
    uint32_t in_flight; /* slots that are not FREE (nor LOST) */
    uint32_t lost;
    uint32_t job, job_end;
    struct large_file *large; /* slot_count + 1 */
    uint64_t clock;           /* of large[].used and directories[].used */
    struct open_directory directories[WORKER_DIRECTORIES];
    struct meta_policy policy;
    struct meta_loss losses;    /* sums */
    struct meta_loss file_loss; /* of the file in hand */
    char *attributes;           /* scratch: names and a value, where the plan has ranges; or NULL */
    char *owner_name;           /* scratch: a name or a link text, WIN_PATH_BYTES_MAX + 1 */
    struct direct_pack direct_packs[WORKER_DIRECT_PACKS];
    bool direct_media;      /* cold media may be read past the page cache */
    bool direct_by_mapping; /* page_cache_ask()'s */
    uint32_t direct_misses; /* such reads that did not bring their frame */
    int broken;             /* errno, when no ring or no slot is left: nothing more is read */
    struct meter meter;
    struct slow_list slow;
    struct stream *stream; /* of media that another front end brings; NULL: packs of a set */
    uint32_t file_ms;      /* slow_now_ms() when the small file in hand was begun */
};

/* Control thread: all memory. The ring is opened by the worker's own thread, worker_begin(). */
vsr_code worker_init(struct worker *worker, const struct engine_input *input,
                     struct file_table *table, struct claim_list *claims, const atomic_bool *stop,
                     vsr_error *error);
vsr_code worker_begin(struct worker *worker, vsr_error *error);
void worker_run(struct worker *worker);
void worker_end(struct worker *worker);  /* its own thread: the ring and descriptors  */
void worker_fini(struct worker *worker); /* control thread, after the join: the memory */

/* The calling thread can change nothing outside the staging folders from here on. False: the
 * kernel cannot do that. stage NULL: nothing at all. */
bool worker_confine(const struct stage *stage);

/* --- stages: each takes a slot in one state and says the next --- */

enum slot_state stage_read(struct worker *worker, struct slot *slot);
enum slot_state stage_read_done(struct worker *worker, struct slot *slot, int32_t result);
enum slot_state stage_decode(struct worker *worker, struct slot *slot);
enum slot_state stage_write(struct worker *worker, struct slot *slot);
enum slot_state stage_write_done(struct worker *worker, struct slot *slot, int32_t result);

/* --- cold media past the page cache (direct_read.c) --- */

void direct_read_init(struct worker *worker); /* with all slots */
void direct_read_fini(struct worker *worker);
/* Queue a read of the slot's frame, if it is not cached. False: nothing is queued; read it through
 * the page cache. */
bool direct_read_begin(struct worker *worker, struct slot *slot);
/* What it came to. True: the frame stands at slot->stored. False: all of it is to be read through
 * the page cache. */
bool direct_read_done(struct worker *worker, struct slot *slot, int32_t result);

/* Every piece of the slot fails. */
enum slot_state slot_fail(struct worker *worker, struct slot *slot, enum outcome outcome,
                          int os_errno);

/* --- media of another front end (stage_stream.c) --- */

/* With all of its memory; the buffers are those of the worker's only slot. */
void stream_init(struct worker *worker);
void stream_fini(struct worker *worker);

/* A piece from stored bytes to its end, whatever that is. */
void stream_piece(struct worker *worker, const struct claim_piece *piece);

/* --- files --- */

/* Are the bytes of a piece what the index says? */
bool piece_is_right(const struct worker *worker, const struct claim_piece *piece,
                    const char *payload);

/* A file whose pieces are all here: made, written, described, closed, by plain calls. count
 * pieces, whose payload is verified already. Returns 0 or errno. */
int small_file_write(struct worker *worker, const struct claim_piece *pieces, uint32_t count,
                     const char *payload);

/* A file without data: empty, all holes, a symbolic link, a directory. 0 or errno. */
int bare_file_make(struct worker *worker, uint32_t file);

/* Open O_CREAT | O_EXCL; what an interrupted run left under the name goes first. -errno. */
int worker_create(const struct open_directory *directory, mode_t mode);

/* The staged directory of a file, open, and in where its name. NULL with errno. */
struct open_directory *worker_directory(struct worker *worker, uint32_t file);

/* The worker's descriptor of a large file. NULL with errno. */
struct large_file *large_file_open(struct worker *worker, uint32_t file);
/* Past the ring: all of it, at its offset. 0 or errno. */
int large_file_write(const struct worker *worker, const struct large_file *large, const char *bytes,
                     uint32_t count, uint64_t offset);
/* All pieces are written: size, metadata. 0 or errno. */
int large_file_finish(struct worker *worker, uint32_t file);
void large_file_close_all(struct worker *worker);

/* --- ranges (stage_ranges.c); each 0 or errno --- */

/* Write what the record's ranges take of a verified chunk. */
int ranges_write(struct worker *worker, const struct claim_piece *piece, const char *payload);
/* Copy a part of the base, by way of the buffer where the kernel cannot. ECANCELED: stopped. */
int ranges_copy(struct worker *worker, const struct claim_piece *piece, char *buffer);
/* All pieces are there: size, and the metadata of the base, or of the source. */
int ranges_finish(struct worker *worker, struct large_file *large, uint32_t file);

/* count pieces of a file are done, one way or the other; who did the last one makes it whole or
 * removes it, links its further names, writes the rows. */
void file_pieces_done(struct worker *worker, uint32_t file, uint32_t count, bool whole_already);

/* The outcome that an errno of a destination call stands for. */
enum outcome outcome_of_errno(int os_errno);

#endif
