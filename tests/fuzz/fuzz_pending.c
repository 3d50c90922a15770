/* fuzz_pending.c - a pending folder as somebody's volume brings it, listed and carried out as at a
 * boot: whatever its journal says, nothing changes outside that volume, nothing that it does not
 * name changes in it, and each record ends as one of three.
 *
 * Method: a volume with folders, files, a link that leads out, and a pending folder in which files
 * wait; the journal's records have right frames. The input: a byte for each record that says what
 * comes: a record (op, kind, unit, number of what waits, flags, then a place, ended by NUL), a
 * unit, a drop, a state; 0xFF: the rest is put behind the journal as it stands. */
#include "fuzz.h"
#include "fuzz_folder.h"

#include "media/part.h"
#include "run/pending_apply.h"
#include "run/pending_render.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER PENDING_PREFIX "11111111-2222-4333-8444-555555555555"

enum { WAITS = 4, RECORDS_MAX = 64 };
enum { RIGHT_SIZE = 1, RIGHT_HASH = 2, NEXT_SEQ = 4, ODD_NAME = 8 };

static const char STAYS[] = "nobody's business";
static char top[256], outside[256], pending[512];

void fuzz_prepare(void)
{
    const char *folder = fuzz_folder_make();
    (void)snprintf(top, sizeof top, "%s/top", folder);
    (void)snprintf(outside, sizeof outside, "%s/outside", folder);
    (void)snprintf(pending, sizeof pending, "%s/" FOLDER, top);
}

/* --- the volume --- */

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *ftw)
{
    (void)facts;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void put(int dir_fd, const char *name, const char *text)
{
    fuzz_folder_put(dir_fd, name, view_of(text));
}

static void what_waits_make(int fd)
{
    put(fd, "0", "new 0");
    put(fd, "1", "new 1");
    VSR_REQUIRE(mkdirat(fd, "2", 0700) == 0 && symlinkat("new 3", fd, "3") == 0);
}

static void volume_make(void)
{
    (void)nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)nftw(outside, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    VSR_REQUIRE(mkdir(top, 0755) == 0 && mkdir(outside, 0755) == 0 && mkdir(pending, 0700) == 0);
    const int top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int outside_fd = open(outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int pending_fd = open(pending, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    VSR_REQUIRE(mkdirat(top_fd, "d", 0755) == 0 && mkdirat(top_fd, "d/e", 0755) == 0);
    VSR_REQUIRE(symlinkat("../outside", top_fd, "out") == 0);
    put(top_fd, "a", "old");
    put(top_fd, "d/a", "old");
    put(outside_fd, "a", STAYS);
    what_waits_make(pending_fd);
    (void)close(top_fd);
    (void)close(outside_fd);
    (void)close(pending_fd);
}

/* --- its journal --- */

struct writing {
    struct pending_batch batch;
    struct view rest;
    uint64_t seq;
};

static uint8_t byte_take(struct writing *w)
{
    const uint8_t byte = w->rest.n > 0 ? (uint8_t)w->rest.p[0] : 0;
    w->rest = view_skip(w->rest, w->rest.n > 0 ? 1 : 0);
    return byte;
}

static struct view text_take(struct writing *w)
{
    const struct view text = {w->rest.p, view_find(w->rest, '\0')};
    w->rest = view_skip(w->rest, text.n < w->rest.n ? text.n + 1 : text.n);
    return text;
}

static void record_take(struct writing *w)
{
    static const char names[WAITS][2] = {"0", "1", "2", "3"};
    static const char texts[WAITS][6] = {"new 0", "new 1", "", "new 3"};
    struct pending_record record = {.op = byte_take(w), .kind = byte_take(w), .unit = byte_take(w)};
    const uint8_t number = byte_take(w) % WAITS;
    const uint8_t flags = byte_take(w);
    record.mode = flags;
    record.size = (flags & RIGHT_SIZE) != 0 ? strlen(texts[number]) : flags;
    record.seq = (flags & NEXT_SEQ) != 0 ? w->seq++ : flags;
    record.modify_s = (int8_t)flags;
    if ((flags & RIGHT_HASH) != 0) {
        part_hash_bytes(texts[number], strlen(texts[number]), record.xxh3_128);
    }
    record.src = (flags & ODD_NAME) != 0 ? text_take(w) : view_of(names[number]);
    record.dst = text_take(w);
    pending_batch_record(&w->batch, &record);
}

static void unit_take(struct writing *w)
{
    const struct pending_unit unit = {.first_seq = byte_take(w),
                                      .unit = byte_take(w),
                                      .writer = text_take(w),
                                      .logical_path = VIEW("p"),
                                      .component = VIEW("c")};
    pending_batch_unit(&w->batch, &unit);
}

static void one_take(struct writing *w, uint8_t what)
{
    switch (what % 4) {
    case 0:
        record_take(w);
        break;
    case 1:
        unit_take(w);
        break;
    case 2:
        pending_batch_drop(&w->batch, byte_take(w));
        break;
    default: {
        const uint8_t state = byte_take(w);
        pending_batch_state(&w->batch, byte_take(w), (enum pending_state)state, (int8_t)state);
    }
    }
}

static void journal_make(struct view input)
{
    static const struct pending_identity identity = {.created_s = 1, .run = {{1}}};
    struct pending_folder folder;
    struct pending_journal journal;
    VSR_REQUIRE(pending_folder_open(&folder, pending) == 0);
    VSR_REQUIRE(pending_journal_make(&journal, &folder, &identity) == 0);
    struct writing w = {.batch = pending_batch_begin(&journal), .rest = input};
    for (int i = 0; i < RECORDS_MAX && w.rest.n > 0; i++) {
        const uint8_t what = byte_take(&w);
        if (what == UINT8_MAX) {
            buffer_add_view(&w.batch.bytes, w.rest);
            break;
        }
        one_take(&w, what);
    }
    VSR_REQUIRE(pending_batch_write(&w.batch, &journal) == 0);
    pending_journal_close(&journal);
    pending_folder_close(&folder);
}

/* --- carried out --- */

static void message_add(void *context, struct view sentence)
{
    (void)sentence; /* it names a folder that is called otherwise each time */
    fuzz_add_number(context, 7);
}

static void step_add(void *context, const struct pending_step *step)
{
    struct buffer line = {0};
    pending_render_text(step, &line);
    pending_render_json(step, &line);
    buffer_free(&line);
    fuzz_add_number(context, step->item->record.seq);
    fuzz_add_number(context, step->item->state * 256u + (unsigned)step->item->os_errno);
}

static void sums_add(uint64_t *sum, const struct pending_sums *sums)
{
    VSR_REQUIRE(sums->records == sums->done + sums->failed + sums->waiting);
    fuzz_add_number(sum, sums->records);
    fuzz_add_number(sum, sums->done + (sums->failed << 16) + (sums->waiting << 32));
    fuzz_add_number(sum, sums->units_done + (sums->units_failed << 16));
    fuzz_add_number(sum, (uint64_t)sums->exit_code);
}

static void outside_check(void)
{
    char text[64], name[512];
    struct stat facts;
    (void)snprintf(name, sizeof name, "%s/a", outside);
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    VSR_REQUIRE(fd >= 0 && read(fd, text, sizeof text) == (ssize_t)strlen(STAYS));
    VSR_REQUIRE(memcmp(text, STAYS, strlen(STAYS)) == 0);
    (void)close(fd);
    VSR_REQUIRE(unlink(name) == 0 && rmdir(outside) == 0); /* and nothing else is there */
    VSR_REQUIRE(mkdir(outside, 0755) == 0);
    (void)snprintf(name, sizeof name, "%s/out", top);
    VSR_REQUIRE(lstat(name, &facts) != 0 || !S_ISDIR(facts.st_mode));
}

static uint64_t volume_sum;

/* In whatever order the folder gives them: added up. */
static int volume_add(const char *path, const struct stat *facts, int type, struct FTW *ftw)
{
    uint64_t sum = 1;
    (void)type;
    (void)ftw;
    fuzz_add_text(&sum, view_skip(view_of(path), strlen(top)));
    fuzz_add_number(&sum, facts->st_mode);
    volume_sum += sum;
    return 0;
}

static uint64_t volume_number(void)
{
    volume_sum = 0;
    (void)nftw(top, volume_add, 16, FTW_PHYS);
    return volume_sum;
}

static uint64_t pending_number(void)
{
    struct arena arena = {0};
    struct pending_paths paths = {0};
    struct pending_sums sums;
    vsr_error error = {0};
    uint64_t sum = 1;
    const struct pending_apply_options options = {.message = message_add,
                                                  .on_step = step_add,
                                                  .context = &sum};
    const vsr_code rc = pending_find(&arena, pending, &paths, &error);
    VSR_REQUIRE(rc == VSR_OK);
    pending_list(&paths, &options, &sums);
    sums_add(&sum, &sums);
    pending_apply(&paths, &options, &sums);
    sums_add(&sum, &sums);
    pending_apply(&paths, &options, &sums); /* what failed may fail again; nothing is done twice */
    sums_add(&sum, &sums);
    pending_paths_free(&paths);
    arena_free(&arena);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    fuzz_plenty(true);
    volume_make();
    journal_make((struct view){(const char *)data, size});
    fuzz_plenty(false);
    uint64_t sum = pending_number();
    fuzz_plenty(true);
    outside_check();
    fuzz_add_number(&sum, volume_number());
    fuzz_plenty(false);
    return sum;
}
